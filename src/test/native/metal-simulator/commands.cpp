// Command queues and buffers, and the GPU that runs them: on another thread, some time after commit, so that a program
// that does not wait reads stale data.
#include <condition_variable>
#include <thread>

#include "metal.h"

namespace sim {

namespace {

constexpr unsigned long DISPATCH_CONCURRENT = 1;

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

// The GPU: takes command buffers in order, not before somebody waits, or a while has passed.
class Gpu {
 public:
  void submit(CommandBuffer* buffer) {
    std::lock_guard<std::mutex> held(lock);
    if (!started) std::thread([this] { loop(); }).detach();
    started = true;
    retain(buffer);
    pending.push_back(buffer);
    changed.notify_all();
  }

  void wait(CommandBuffer* buffer) {
    std::unique_lock<std::mutex> held(lock);
    buffer->waited = true;
    changed.notify_all();
    changed.wait(held, [&] { return buffer->status >= COMPLETED; });
  }

 private:
  void loop() {
    std::unique_lock<std::mutex> held(lock);
    for (;;) {
      changed.wait(held, [&] { return !pending.empty(); });
      CommandBuffer* buffer = pending.front();
      changed.wait_for(held, std::chrono::milliseconds(200), [&] { return buffer->waited; });
      held.unlock();
      buffer->start = now();
      std::string fault = execute(buffer);
      if (!fault.empty()) buffer->error = new_error(fault, 1);
      buffer->end = now();
      held.lock();
      pending.pop_front();
      buffer->status = buffer->error ? ERROR : COMPLETED;
      release(buffer);  // before who waits goes on, so that tests count the same objects each time
      changed.notify_all();
    }
  }

  std::mutex lock;
  std::condition_variable changed;
  std::deque<CommandBuffer*> pending;
  bool started = false;
};

Gpu& gpu() {
  static Gpu* one = new Gpu;
  return *one;
}

Object* new_encoder(Object* self, bool concurrent) {
  auto* buffer = static_cast<CommandBuffer*>(self);
  if (buffer->encoding) report("a second encoder before endEncoding of the first");
  if (buffer->status != NOT_ENQUEUED) report("an encoder of a command buffer that is committed");
  buffer->encoding = true;
  buffer->phase++;
  retain(buffer);
  return autorelease(new Encoder(buffer, concurrent));
}

struct CommandMethods {
  CommandMethods() {
    add_method(class_named("MTLCommandQueue"), "commandBuffer", +[](Object*, Selector) {
      totals.command_buffers++;
      return autorelease(new CommandBuffer);
    });
    Class& buffer = class_named("MTLCommandBuffer");
    buffer.dispose = [](Object* self) {
      auto* it = static_cast<CommandBuffer*>(self);
      for (Object* object : it->retained) release(object);
      if (it->error) release(it->error);
      it->commands.clear();
      it->retained.clear();
    };
    add_method(buffer, "computeCommandEncoder", +[](Object* self, Selector) { return new_encoder(self, false); });
    add_method(buffer, "computeCommandEncoderWithDispatchType:", +[](Object* self, Selector, unsigned long type) {
      return new_encoder(self, type == DISPATCH_CONCURRENT);
    });
    add_method(buffer, "commit", +[](Object* self, Selector) {
      auto* it = static_cast<CommandBuffer*>(self);
      if (it->encoding) report("commit before endEncoding");
      if (it->status != NOT_ENQUEUED) report("commit of a command buffer that is committed");
      it->status = COMMITTED;
      gpu().submit(it);
    });
    add_method(buffer, "waitUntilCompleted", +[](Object* self, Selector) {
      totals.waits++;
      auto* it = static_cast<CommandBuffer*>(self);
      if (it->status == NOT_ENQUEUED) {
        report("waitUntilCompleted before commit would wait for ever");
        return;
      }
      gpu().wait(it);
    });
    add_method(buffer, "status", +[](Object* self, Selector) { return (unsigned long)static_cast<CommandBuffer*>(self)->status; });
    add_method(buffer, "error", +[](Object* self, Selector) { return static_cast<CommandBuffer*>(self)->error; });
    add_method(buffer, "GPUStartTime", +[](Object* self, Selector) { return static_cast<CommandBuffer*>(self)->start; });
    add_method(buffer, "GPUEndTime", +[](Object* self, Selector) { return static_cast<CommandBuffer*>(self)->end; });
  }
} command_methods;

}  // namespace

}  // namespace sim
