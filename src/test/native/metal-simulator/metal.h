// The objects of Metal, as far as Millrace uses them.
#pragma once

#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "compiler.h"
#include "executor.h"
#include "objects.h"

namespace sim {

constexpr size_t CANARY = 4096;
constexpr unsigned char CANARY_BYTE = 0xc5;

// What tests set.
struct Settings {
  Compiler compiler;
  unsigned long max_threads = MAX_THREADS;
  unsigned long max_buffer_length = 1ul << 32;
  unsigned long working_set = 8ul << 30;
  bool execution = true;
  bool each_order = false;
  std::string next_failure;
};

// What tests read, beside the executor's counters.
struct Totals {
  long command_buffers = 0;
  long waits = 0;
  long buffers = 0;
  long scopes = 0;  // memoryBarrierWithScope:
};

extern Settings settings;
extern Totals totals;

struct Buffer : Object {
  Buffer(unsigned char* bytes, size_t length, unsigned char* block)
      : Object(class_named("MTLBuffer")), bytes(bytes), length(length), block(block) {}

  // Puts canaries before and behind memory of its own.
  void mark_ends() {
    memset(block, CANARY_BYTE, CANARY);
    memset(bytes + length, CANARY_BYTE, CANARY);
  }

  unsigned char* bytes;
  size_t length;
  unsigned char* block;  // with canaries on both sides; null for memory of the caller
};

struct Library : Object {
  explicit Library(const std::string& file)
      : Object(class_named("MTLLibrary")), program(std::make_shared<Program>(load(file))) {}
  std::shared_ptr<Program> program;
};

struct Function : Object {
  Function(std::shared_ptr<Program> program, const msl::Kernel* kernel)
      : Object(class_named("MTLFunction")), program(program), kernel(kernel) {}
  std::shared_ptr<Program> program;
  const msl::Kernel* kernel;
};

struct Pipeline : Object {
  explicit Pipeline(Function* function)
      : Object(class_named("MTLComputePipelineState")), program(function->program), kernel(function->kernel) {}
  std::shared_ptr<Program> program;
  const msl::Kernel* kernel;
};

struct ConstantValues : Object {
  ConstantValues() : Object(class_named("MTLFunctionConstantValues")) {}
  std::map<unsigned, std::string> values;
};

struct CompileOptions : Object {
  CompileOptions() : Object(class_named("MTLCompileOptions")) {}
  bool fast_math = true;
};

struct Binding {
  Buffer* buffer = nullptr;
  size_t offset = 0;
  std::shared_ptr<std::string> bytes;
};

struct Command {
  Pipeline* pipeline;
  Job job;
  Binding bindings[msl::BUFFERS];
  unsigned phase;  // commands of one phase may run in any order
};

enum Status : unsigned long { NOT_ENQUEUED = 0, COMMITTED = 2, COMPLETED = 4, ERROR = 5 };

struct CommandBuffer : Object {
  CommandBuffer() : Object(class_named("MTLCommandBuffer")) {}
  std::deque<Command> commands;
  std::vector<Object*> retained;
  Status status = NOT_ENQUEUED;
  bool waited = false;
  bool encoding = false;
  unsigned phase = 0;
  Object* error = nullptr;
  double start = 0;
  double end = 0;
};

struct Encoder : Object {
  Encoder(CommandBuffer* buffer, bool concurrent)
      : Object(class_named("MTLComputeCommandEncoder")), buffer(buffer), concurrent(concurrent) {}
  CommandBuffer* buffer;
  bool concurrent;
  bool ended = false;
  Pipeline* pipeline = nullptr;
  Binding bindings[msl::BUFFERS];
  size_t threadgroup_bytes[msl::BUFFERS] = {};
};

struct Queue : Object {
  Queue() : Object(class_named("MTLCommandQueue")) {}
};

struct Device : Object {
  Device() : Object(class_named("MTLDevice")) {}
};

// All buffers that have not been released.
struct Buffers {
  std::mutex lock;
  std::set<Buffer*> all;
};
Buffers& buffers();

long resident_bytes();

// As a Mac with this release of macOS: what came later is not there.
void set_system(int release);

// Runs the commands of a command buffer. An empty text on success, else what went wrong.
std::string execute(CommandBuffer* buffer);

}  // namespace sim
