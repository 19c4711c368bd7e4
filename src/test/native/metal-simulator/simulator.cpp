// What tests set and read.
#include <cstring>

#include "detector.h"
#include "metal.h"

using namespace sim;

extern "C" {

void simulator_compiler(const char* command, const char* headers, const char* cache) {
  settings.compiler.command = command;
  settings.compiler.headers = headers;
  settings.compiler.cache = cache;
}

// 3 is each order, one after the other.
void simulator_order(int order, unsigned seed) {
  settings.each_order = order == 3;
  set_order(settings.each_order ? Order::FORWARD : static_cast<Order>(order), seed);
}

void simulator_limits(long max_threads, long max_buffer_length, long working_set) {
  settings.max_threads = max_threads;
  settings.max_buffer_length = max_buffer_length;
  settings.working_set = working_set;
}

void simulator_execution(int on) { settings.execution = on; }

// Whether kernels that are compiled from now on tell the detector what they read and write.
void simulator_watch(int on) {
  settings.compiler.watch = on;
  forget_traffic();
}

// Whether kernels that are compiled from now on are compiled with fast math, whatever their options say.
void simulator_fast_math(int on) { settings.compiler.fast_math = on; }

void simulator_fail_next(const char* text) { settings.next_failure = text; }

// As a Mac with this release of macOS: 15 is the first with residency sets.
void simulator_system(int release) { set_system(release); }

// Bytes of the buffers in residency sets that were committed and requested.
long simulator_resident() { return resident_bytes(); }

const char* simulator_report() {
  static std::string text;
  text = take_report();
  return text.c_str();
}

long simulator_live() { return live_objects(); }

long simulator_live_of(const char* class_name) { return live_objects_of(class_name); }

void simulator_counters(long* into) {
  long values[] = {totals.command_buffers, totals.waits,       totals.buffers,   totals.scopes,
                   counters.dispatches,    counters.threads, counters.barriers};
  memcpy(into, values, sizeof values);
}

// What the dispatches of watched kernels have read and written since it was last asked for, a line for each of a
// dispatch's buffers: number of the dispatch, kernel, address, bytes read, bytes written.
const char* simulator_traffic() {
  static std::string text;
  text = take_traffic();
  return text.c_str();
}

// The buffers that there are, a line for each: address, length, 1 if the memory is the caller's.
const char* simulator_buffers() {
  static std::string text;
  text.clear();
  std::lock_guard<std::mutex> held(buffers().lock);
  for (Buffer* buffer : buffers().all) {
    text += std::to_string(reinterpret_cast<size_t>(buffer->bytes)) + " " + std::to_string(buffer->length) +
            (buffer->block ? " 0\n" : " 1\n");
  }
  return text.c_str();
}
}
