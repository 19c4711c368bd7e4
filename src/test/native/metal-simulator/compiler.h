// Compiles MSL as C++: the text is preprocessed, what is not C++ in it is rewritten, and the system's compiler makes a
// shared object of it with the headers in msl/.
#pragma once

#include <map>
#include <string>

#include "msl/kernel_abi.h"

namespace sim {

struct Compiler {
  std::string command;  // g++ or clang++
  std::string headers;  // the folder msl/
  std::string cache;    // where shared objects are kept
  bool watch = false;      // whether the detector sees what kernels read and write
  bool fast_math = false;  // whatever the options of a library say
};

// A compiled library: one shared object, of which each set of function constants gets a copy of its own.
struct Program {
  std::string file;
  const char* begin;  // where it is loaded
  bool watched;
  const msl::Kernel* find(const std::string& kernel) const;  // null if there is none
  std::map<std::string, const msl::Kernel*> kernels;
  const msl::Constant* constants;
  unsigned constant_count;
  msl::Runtime** runtime;
};

// Throws std::string, the compiler's message.
std::string compile(const Compiler& compiler, const std::string& msl, bool fast_math);

// Whether an address is in a loaded library: in its constants, for example.
bool is_inside(const Program& program, const void* address);

// "file:line" of an address in the code of a watched library.
std::string line_of(const Program& program, size_t offset);

// Loads a copy of a compiled library. Throws std::string.
Program load(const std::string& file);

// The C++ text. Throws std::string when the text has something that the simulator would get wrong.
std::string rewrite(const std::string& preprocessed);

}  // namespace sim
