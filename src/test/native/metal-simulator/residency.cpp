// Residency sets, and what else came with macOS 15.
#include "metal.h"

namespace sim {

namespace {

constexpr int LATEST_SYSTEM = 15;

// Allocations that are to stay in the GPU's memory. What is added counts from the next commit on.
struct ResidencySet : Object {
  ResidencySet() : Object(class_named("MTLResidencySet")) {}
  std::set<Object*> added;
  std::set<Object*> committed;
  bool requested = false;
};

std::mutex residency_lock;
std::set<ResidencySet*> residency_sets;

void residency() {
  Class& set = class_named("MTLResidencySet");
  set.dispose = [](Object* self) {
    auto* it = static_cast<ResidencySet*>(self);
    std::lock_guard<std::mutex> held(residency_lock);
    residency_sets.erase(it);
    for (Object* allocation : it->added) release(allocation);
  };
  add_method(set, "addAllocation:", +[](Object* self, Selector, Object* allocation) {
    if (static_cast<ResidencySet*>(self)->added.insert(allocation).second) retain(allocation);
  });
  add_method(set, "removeAllocation:", +[](Object* self, Selector, Object* allocation) {
    auto* it = static_cast<ResidencySet*>(self);
    if (it->added.erase(allocation)) {
      it->committed.erase(allocation);
      release(allocation);
    }
  });
  add_method(set, "commit", +[](Object* self, Selector) {
    auto* it = static_cast<ResidencySet*>(self);
    it->committed = it->added;
  });
  add_method(set, "requestResidency", +[](Object* self, Selector) { static_cast<ResidencySet*>(self)->requested = true; });
  add_method(set, "endResidency", +[](Object* self, Selector) { static_cast<ResidencySet*>(self)->requested = false; });
}

struct ResidencyMethods {
  ResidencyMethods() {
    residency();
    set_system(LATEST_SYSTEM);
  }
} residency_methods;

}  // namespace

void set_system(int release) {
  Class& device = class_named("MTLDevice");
  Class& queue = class_named("MTLCommandQueue");
  Class& options = class_named("MTLCompileOptions");
  if (release < 15) {
    remove_class("MTLResidencySetDescriptor");
    remove_method(device, "newResidencySetWithDescriptor:error:");
    remove_method(queue, "addResidencySet:");
    remove_method(queue, "removeResidencySet:");
    remove_method(options, "setMathMode:");
    return;
  }
  Class& descriptor = class_named("MTLResidencySetDescriptor");
  add_method(*descriptor.isa, "new", +[](Object*, Selector) {
    return new Object(class_named("MTLResidencySetDescriptor"));
  });
  add_method(descriptor, "setInitialCapacity:", +[](Object*, Selector, unsigned long) {});
  add_method(device, "newResidencySetWithDescriptor:error:", +[](Object*, Selector, Object*, Object**) {
    auto* created = new ResidencySet;
    std::lock_guard<std::mutex> held(residency_lock);
    residency_sets.insert(created);
    return (Object*)created;
  });
  add_method(queue, "addResidencySet:", +[](Object*, Selector, Object*) {});
  add_method(queue, "removeResidencySet:", +[](Object*, Selector, Object*) {});
  add_method(options, "setMathMode:", +[](Object* self, Selector, long mode) {
    static_cast<CompileOptions*>(self)->fast_math = mode != 0;
  });
}

long resident_bytes() {
  std::lock_guard<std::mutex> held(residency_lock);
  std::set<Object*> resident;
  for (ResidencySet* set : residency_sets) {
    if (set->requested) resident.insert(set->committed.begin(), set->committed.end());
  }
  long bytes = 0;
  for (Object* buffer : resident) bytes += static_cast<Buffer*>(buffer)->length;
  return bytes;
}

}  // namespace sim
