#include "compiler.h"

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace sim {

namespace {

std::string read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write(const std::string& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

std::string quoted(const std::string& text) { return "'" + text + "'"; }

uint64_t hash(const std::string& text) {  // FNV-1a
  uint64_t h = 14695981039346656037u;
  for (unsigned char c : text) h = (h ^ c) * 1099511628211u;
  return h;
}

void execute(const std::string& command, const std::string& messages) {
  if (std::system((command + " 2> " + quoted(messages)).c_str()) != 0) {
    std::string text = read(messages);
    throw text.empty() ? "the compiler failed: " + command : text;
  }
}

const char* const FLAGS =
    " -std=c++17 -O1 -fPIC -march=native -ffp-contract=off -fsingle-precision-constant -fno-strict-aliasing"
    " -fno-exceptions -w";

}  // namespace

std::string compile(const Compiler& compiler, const std::string& msl, bool fast_math) {
  std::string flags = FLAGS;
  if (fast_math || compiler.fast_math) flags += " -ffast-math";
  if (compiler.watch) flags += " -fsanitize=thread -g1";
  char name[40];
  snprintf(name, sizeof name, "%016lx", static_cast<unsigned long>(hash(compiler.command + flags + msl)));
  std::string base = compiler.cache + "/" + name;
  std::string library = base + ".so";
  if (access(library.c_str(), R_OK) == 0) return library;

  std::string text;
  std::istringstream lines(msl);
  for (std::string line; std::getline(lines, line);) {
    text += line.find("#include <metal_stdlib>") == std::string::npos ? line + "\n" : "\n";
  }
  std::string own = base + "." + std::to_string(getpid());
  write(own + ".msl", text);
  execute(compiler.command + " -E -x c++ -undef -nostdinc -o " + quoted(own + ".i") + " " + quoted(own + ".msl"),
          own + ".log");
  write(own + ".cpp", rewrite(read(own + ".i")));
  execute(compiler.command + flags + " -c -I" + quoted(compiler.headers) + " -o " + quoted(own + ".o") + " " +
              quoted(own + ".cpp"),
          own + ".log");
  // Linked without the flags: fast math would change the arithmetic of the process, and the detector's functions are ours.
  execute(compiler.command + " -shared -o " + quoted(own + ".so") + " " + quoted(own + ".o") + " -lm", own + ".log");
  rename((own + ".so").c_str(), library.c_str());
  rename((own + ".cpp").c_str(), (base + ".cpp").c_str());
  for (const char* suffix : {".msl", ".i", ".o", ".log"}) unlink((own + suffix).c_str());
  return library;
}

Program load(const std::string& file) {
  // The loader gives the same copy to who opens the same file again, so each program opens a file of its own.
  static std::atomic<int> copies{0};
  std::string copy = file + "." + std::to_string(getpid()) + "." + std::to_string(copies++);
  write(copy, read(file));
  void* handle = dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL);
  std::string problem = handle ? "" : dlerror();
  unlink(copy.c_str());
  if (!handle) throw problem;
  Program program;
  program.file = file;
  for (auto* kernel = static_cast<msl::Kernel*>(dlsym(handle, "msl_kernels")); kernel->name; kernel++) {
    program.kernels[kernel->name] = kernel;
  }
  program.constants = static_cast<msl::Constant*>(dlsym(handle, "msl_constants"));
  program.constant_count = 0;
  while (program.constants[program.constant_count].value) program.constant_count++;
  program.runtime = static_cast<msl::Runtime**>(dlsym(handle, "msl_runtime"));
  program.watched = dlsym(handle, "__tsan_init");
  Dl_info info;
  dladdr(program.runtime, &info);
  program.begin = static_cast<const char*>(info.dli_fbase);
  return program;
}

bool is_inside(const Program& program, const void* address) {
  Dl_info info;
  return dladdr(address, &info) && info.dli_fbase == program.begin;
}

std::string line_of(const Program& program, size_t offset) {
  char command[600];
  snprintf(command, sizeof command, "addr2line -i -e '%s' 0x%zx", program.file.c_str(), offset);
  FILE* lines = popen(command, "r");
  if (!lines) return "?";
  // Of the functions that were compiled into each other, the first that is not of the headers in msl/.
  std::string found = "?";
  char line[600];
  while (found == "?" && fgets(line, sizeof line, lines)) {
    std::string text(line);
    size_t colon = text.rfind(':');
    size_t slash = text.rfind('/');
    if (colon == std::string::npos || text.compare(0, 2, "??") == 0) break;
    std::string file = text.substr(slash + 1, colon - slash - 1);
    if (file.size() > 2 && file.compare(file.size() - 2, 2, ".h") == 0) continue;
    std::string number = std::to_string(std::stoi(text.substr(colon + 1)));
    found = file.size() > 6 && file.compare(file.size() - 6, 6, ".metal") == 0 ? file + ":" + number : "line " + number;
  }
  pclose(lines);
  return found;
}

const msl::Kernel* Program::find(const std::string& kernel) const {
  auto found = kernels.find(kernel);
  return found == kernels.end() ? nullptr : found->second;
}

}  // namespace sim
