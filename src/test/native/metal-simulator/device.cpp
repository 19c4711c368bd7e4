// The device: buffers, and what keeps them in memory.
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "detector.h"
#include "metal.h"

namespace sim {

Settings settings;
Totals totals;

Buffers& buffers() {
  static Buffers* one = new Buffers;
  return *one;
}

namespace {

Buffer* listed(Buffer* buffer) {
  std::lock_guard<std::mutex> held(buffers().lock);
  buffers().all.insert(buffer);
  return buffer;
}

Object* new_buffer(size_t length) {
  if (length == 0 || length > settings.max_buffer_length) {
    report("newBufferWithLength: %zu bytes, the device allows 1 to %lu", length, settings.max_buffer_length);
    return nullptr;
  }
  totals.buffers++;
  size_t page = sysconf(_SC_PAGESIZE);
  // Aligned to a page as on a Mac, with canaries around, and NaN inside.
  size_t room = (length + page - 1) / page * page + 2 * CANARY;
  auto* block = static_cast<unsigned char*>(aligned_alloc(page, (room + page - 1) / page * page));
  auto* buffer = new Buffer(block + CANARY, length, block);
  memset(buffer->bytes, 0xff, length);
  buffer->mark_ends();
  return listed(buffer);
}

Object* new_buffer_no_copy(void* bytes, size_t length) {
  size_t page = sysconf(_SC_PAGESIZE);
  if (reinterpret_cast<size_t>(bytes) % page != 0 || length % page != 0 || length == 0) {
    report("newBufferWithBytesNoCopy: address %p and length %zu are not multiples of the page, %zu", bytes, length, page);
    return nullptr;
  }
  if (length > settings.max_buffer_length) {
    report("newBufferWithBytesNoCopy: %zu bytes, the device allows %lu", length, settings.max_buffer_length);
    return nullptr;
  }
  totals.buffers++;
  return listed(new Buffer(static_cast<unsigned char*>(bytes), length, nullptr));
}

struct DeviceMethods {
  DeviceMethods() {
    Class& device = class_named("MTLDevice");
    add_method(device, "name", +[](Object*, Selector) { return autorelease(new_string("Metal simulator")); });
    add_method(device, "newCommandQueue", +[](Object*, Selector) { return (Object*)new Queue; });
    add_method(device, "supportsFamily:", +[](Object*, Selector, long family) {
      return (family >= 1001 && family <= 1008) || family == 5001;
    });
    add_method(device, "maxBufferLength", +[](Object*, Selector) { return settings.max_buffer_length; });
    add_method(device, "recommendedMaxWorkingSetSize", +[](Object*, Selector) { return settings.working_set; });
    add_method(device, "maxThreadgroupMemoryLength", +[](Object*, Selector) { return (unsigned long)THREADGROUP_MEMORY; });
    add_method(device, "hasUnifiedMemory", +[](Object*, Selector) { return true; });
    add_method(device, "newBufferWithLength:options:", +[](Object*, Selector, unsigned long length, unsigned long) {
      return new_buffer(length);
    });
    add_method(device, "newBufferWithBytesNoCopy:length:options:deallocator:",
               +[](Object*, Selector, void* bytes, unsigned long length, unsigned long, void*) {
                 return new_buffer_no_copy(bytes, length);
               });
    Class& buffer = class_named("MTLBuffer");
    buffer.dispose = [](Object* self) {
      auto* it = static_cast<Buffer*>(self);
      std::lock_guard<std::mutex> held(buffers().lock);
      buffers().all.erase(it);
      forget(it);
      free(it->block);
    };
    add_method(buffer, "contents", +[](Object* self, Selector) { return (void*)static_cast<Buffer*>(self)->bytes; });
    add_method(buffer, "length", +[](Object* self, Selector) { return (unsigned long)static_cast<Buffer*>(self)->length; });
  }
} device_methods;

}  // namespace

extern "C" Object* MTLCreateSystemDefaultDevice() { return new Device; }

}  // namespace sim
