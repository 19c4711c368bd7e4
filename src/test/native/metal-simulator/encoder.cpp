// The compute command encoder. What the framework would refuse is written to the log.
#include <cstring>
#include <thread>

#include "metal.h"

namespace sim {

namespace {

constexpr size_t MAX_SET_BYTES = 4096;
constexpr unsigned long BARRIER_SCOPE_BUFFERS = 1;

Encoder* open_encoder(Object* self, const char* message) {
  auto* encoder = static_cast<Encoder*>(self);
  if (encoder->ended) report("%s after endEncoding", message);
  if (encoder->owner != std::this_thread::get_id()) report("%s on another thread than the encoder's", message);
  return encoder;
}

bool check_index(unsigned long index, const char* message) {
  if (index < msl::BUFFERS) return true;
  report("%s index %lu, the largest is 30", message, index);
  return false;
}

void set_buffer(Object* self, Object* buffer, size_t offset, unsigned long index) {
  Encoder* encoder = open_encoder(self, "setBuffer");
  if (!check_index(index, "setBuffer")) return;
  if (buffer && offset >= static_cast<Buffer*>(buffer)->length) {
    report("setBuffer offset %zu of a buffer of %zu bytes", offset, static_cast<Buffer*>(buffer)->length);
    return;
  }
  Binding binding;
  binding.buffer = static_cast<Buffer*>(buffer);
  binding.offset = offset;
  encoder->bindings[index] = binding;
  if (buffer) encoder->buffer->retained.push_back(retain(buffer));
}

void set_bytes(Object* self, const void* bytes, size_t length, unsigned long index) {
  Encoder* encoder = open_encoder(self, "setBytes");
  if (!check_index(index, "setBytes")) return;
  if (length == 0 || length > MAX_SET_BYTES) {
    report("setBytes length %zu, expected 1 to %zu", length, MAX_SET_BYTES);
    return;
  }
  Binding binding;
  binding.bytes = std::make_shared<std::string>(static_cast<const char*>(bytes), length);
  encoder->bindings[index] = binding;
}

void set_threadgroup_memory(Object* self, size_t length, unsigned long index) {
  Encoder* encoder = open_encoder(self, "setThreadgroupMemoryLength");
  if (!check_index(index, "setThreadgroupMemoryLength")) return;
  if (length % 16 != 0) report("setThreadgroupMemoryLength %zu is not a multiple of 16", length);
  encoder->threadgroup_bytes[index] = length;
}

bool check_bindings(Encoder* encoder) {
  const msl::Kernel& kernel = *encoder->pipeline->kernel;
  for (unsigned i = 0; i < kernel.count; i++) {
    const msl::Parameter& parameter = kernel.parameters[i];
    if (parameter.source == msl::Source::THREADGROUP && encoder->threadgroup_bytes[parameter.index] == 0) {
      report("%s: threadgroup memory %u has no length", kernel.name, parameter.index);
      return false;
    }
    if (parameter.source != msl::Source::BUFFER) continue;
    const Binding& binding = encoder->bindings[parameter.index];
    if (!binding.buffer && !binding.bytes) {
      report("%s: buffer %u is not bound", kernel.name, parameter.index);
      return false;
    }
    if (binding.buffer && reinterpret_cast<size_t>(binding.buffer->bytes + binding.offset) % parameter.alignment != 0) {
      report("%s: buffer %u has offset %zu, expected a multiple of %zu", kernel.name, parameter.index, binding.offset,
             parameter.alignment);
      return false;
    }
    if (binding.bytes && binding.bytes->size() % parameter.alignment != 0) {
      report("%s: buffer %u has %zu bytes, expected a multiple of %zu", kernel.name, parameter.index,
             binding.bytes->size(), parameter.alignment);
      return false;
    }
  }
  return true;
}

void dispatch(Object* self, Size grid, Size group, bool whole_groups) {
  Encoder* encoder = open_encoder(self, "dispatch");
  if (!encoder->pipeline) {
    report("dispatch without a pipeline");
    return;
  }
  size_t threads = group.width * group.height * group.depth;
  if (threads == 0 || threads > settings.max_threads) {
    report("%s: %zu threads in a threadgroup, the pipeline allows 1 to %lu", encoder->pipeline->kernel->name, threads,
           settings.max_threads);
    return;
  }
  if (grid.width * grid.height * grid.depth == 0) {
    report("%s: an empty grid", encoder->pipeline->kernel->name);
    return;
  }
  if (!check_bindings(encoder)) return;
  Command& command = encoder->buffer->commands.emplace_back();
  command.pipeline = encoder->pipeline;
  Job& job = command.job;
  job.kernel = encoder->pipeline->kernel;
  job.program = encoder->pipeline->program.get();
  job.whole_groups = whole_groups;
  memset(&job.arguments, 0, sizeof job.arguments);
  memcpy(job.threadgroup_bytes, encoder->threadgroup_bytes, sizeof job.threadgroup_bytes);
  unsigned long grids[3] = {grid.width, grid.height, grid.depth};
  unsigned long groups[3] = {group.width, group.height, group.depth};
  for (int d = 0; d < 3; d++) {
    job.arguments.group_size[d] = groups[d];
    job.threads[d] = whole_groups ? grids[d] * groups[d] : grids[d];
    job.arguments.groups[d] = whole_groups ? grids[d] : (grids[d] + groups[d] - 1) / groups[d];
  }
  for (unsigned i = 0; i < job.kernel->count; i++) {
    const msl::Parameter& parameter = job.kernel->parameters[i];
    if (parameter.source == msl::Source::BUFFER) command.bindings[parameter.index] = encoder->bindings[parameter.index];
  }
  // A serial encoder runs its commands one after the other.
  if (!encoder->concurrent) encoder->buffer->phase++;
  command.phase = encoder->buffer->phase;
}

struct EncoderMethods {
  EncoderMethods() {
    Class& encoder = class_named("MTLComputeCommandEncoder");
    encoder.dispose = [](Object* self) {
      auto* it = static_cast<Encoder*>(self);
      if (!it->ended) report("a command encoder released without endEncoding");
      for (Binding& binding : it->bindings) binding = Binding();
      release(it->buffer);
    };
    add_method(encoder, "setComputePipelineState:", +[](Object* self, Selector, Object* pipeline) {
      Encoder* it = open_encoder(self, "setComputePipelineState");
      it->pipeline = static_cast<Pipeline*>(pipeline);
      it->buffer->retained.push_back(retain(pipeline));
    });
    add_method(encoder, "setBuffer:offset:atIndex:",
               +[](Object* self, Selector, Object* buffer, unsigned long offset, unsigned long index) {
                 set_buffer(self, buffer, offset, index);
               });
    add_method(encoder, "setBytes:length:atIndex:",
               +[](Object* self, Selector, const void* bytes, unsigned long length, unsigned long index) {
                 set_bytes(self, bytes, length, index);
               });
    add_method(encoder, "setThreadgroupMemoryLength:atIndex:",
               +[](Object* self, Selector, unsigned long length, unsigned long index) {
                 set_threadgroup_memory(self, length, index);
               });
    add_method(encoder, "dispatchThreadgroups:threadsPerThreadgroup:", +[](Object* self, Selector, Size grid, Size group) {
      dispatch(self, grid, group, true);
    });
    add_method(encoder, "dispatchThreads:threadsPerThreadgroup:", +[](Object* self, Selector, Size grid, Size group) {
      dispatch(self, grid, group, false);
    });
    add_method(encoder, "memoryBarrierWithScope:", +[](Object* self, Selector, unsigned long scope) {
      if (scope != BARRIER_SCOPE_BUFFERS) report("memoryBarrierWithScope: %lu, buffers are scope 1", scope);
      totals.scopes++;
      open_encoder(self, "memoryBarrierWithScope")->buffer->phase++;
    });
    add_method(encoder, "endEncoding", +[](Object* self, Selector) {
      Encoder* it = open_encoder(self, "endEncoding");
      it->ended = true;
      it->buffer->encoding = false;
    });
  }
} encoder_methods;

}  // namespace

}  // namespace sim
