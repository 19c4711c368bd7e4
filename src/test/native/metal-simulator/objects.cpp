#include "objects.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace sim {

namespace {

std::recursive_mutex lock;
std::vector<std::string> reports;
std::atomic<long> live{0};
std::map<std::string, long> live_by_class;

struct Pools {
  std::vector<Object*> objects;
  std::vector<size_t> marks;
};
thread_local Pools pools;

std::map<std::string, Class*>& classes() {
  static std::map<std::string, Class*> all;
  return all;
}

struct String : Object {
  explicit String(const std::string& text) : Object(class_named("NSString")), text(text) {}
  std::string text;
};

struct Error : Object {
  Error(const std::string& text, long code) : Object(class_named("NSError")), text(text), code(code) {}
  std::string text;
  long code;
};

void* nothing() { return nullptr; }

Class& zombie() {
  static Class& c = class_named("Zombie");
  return c;
}

}  // namespace

Object::Object(Class& c) : isa(&c) {
  std::lock_guard<std::recursive_mutex> held(lock);
  live++;
  live_by_class[c.name]++;
}

Selector selector(const char* name) {
  std::lock_guard<std::recursive_mutex> held(lock);
  static std::set<std::string> names;
  return names.insert(name).first->c_str();
}

Class& class_named(const char* name) {
  std::lock_guard<std::recursive_mutex> held(lock);
  auto found = classes().find(name);
  if (found != classes().end()) return *found->second;
  // The metaclass of the root class inherits from the root class, so that class objects are objects too.
  Class* root = strcmp(name, "NSObject") == 0 ? nullptr : &class_named("NSObject");
  Class* created = new Class(strdup(name), root, false);
  created->isa = new Class(created->name, root ? root->isa : created, true);
  return *(classes()[name] = created);
}

void remove_method(Class& c, const char* name) {
  std::lock_guard<std::recursive_mutex> held(lock);
  c.methods.erase(selector(name));
}

// The object stays, so that class_named gives a class of its own if it comes back.
void remove_class(const char* name) {
  std::lock_guard<std::recursive_mutex> held(lock);
  classes().erase(name);
}

void report(const char* format, ...) {
  char text[600];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  std::lock_guard<std::recursive_mutex> held(lock);
  if (reports.size() < 50) reports.push_back(text);
}

std::string take_report() {
  std::lock_guard<std::recursive_mutex> held(lock);
  std::string all;
  for (const std::string& line : reports) all += line + "\n";
  reports.clear();
  return all;
}

Object* retain(Object* object) {
  if (object) object->references++;
  return object;
}

void release(Object* object) {
  if (!object) return;
  long left = --object->references;
  if (left < 0) {
    report("released once too often: %s", object->isa->name);
  } else if (left == 0) {
    std::lock_guard<std::recursive_mutex> held(lock);
    live--;
    live_by_class[object->isa->name]--;
    if (object->isa->dispose) object->isa->dispose(object);
    object->isa = &zombie();
  }
}

Object* autorelease(Object* object) {
  if (!object) return object;
  if (pools.marks.empty()) {
    report("%s autoreleased without a pool: it leaks", object->isa->name);
  } else {
    pools.objects.push_back(object);
  }
  return object;
}

long live_objects() { return live; }

long live_objects_of(const char* class_name) {
  std::lock_guard<std::recursive_mutex> held(lock);
  return live_by_class[class_name];
}

Object* new_string(const std::string& text) { return new String(text); }

const std::string& text_of(Object* string) { return static_cast<String*>(string)->text; }

Object* new_error(const std::string& text, long code) { return new Error(text, code); }

namespace {

const Method* find(Class* c, Selector name) {
  for (; c; c = c->super) {
    auto found = c->methods.find(name);
    if (found != c->methods.end()) return &found->second;
  }
  return nullptr;
}

struct Foundation {
  Foundation() {
    Class& object = class_named("NSObject");
    add_method(object, "retain", +[](Object* self, Selector) { return retain(self); });
    add_method(object, "release", +[](Object* self, Selector) { release(self); });
    add_method(object, "respondsToSelector:", +[](Object* self, Selector, Selector name) {
      return find(self->isa, name) != nullptr;
    });
    Class& string = class_named("NSString");
    add_method(*string.isa, "stringWithUTF8String:", +[](Object*, Selector, const unsigned char* text) {
      return autorelease(new String(reinterpret_cast<const char*>(text)));
    });
    add_method(string, "UTF8String", +[](Object* self, Selector) {
      return reinterpret_cast<const unsigned char*>(text_of(self).c_str());
    });
    Class& error = class_named("NSError");
    add_method(error, "localizedDescription", +[](Object* self, Selector) {
      return autorelease(new String(static_cast<Error*>(self)->text));
    });
    add_method(error, "code", +[](Object* self, Selector) { return static_cast<Error*>(self)->code; });
  }
} foundation;

}  // namespace

extern "C" {

void* simulator_lookup(Object* self, Selector name) {
  if (!self) {
    report("message %s sent to nil", name);
    return reinterpret_cast<void*>(nothing);
  }
  const Method* method = find(self->isa, name);
  if (self->isa == &zombie()) {
    report("message %s sent to a released object", name);
    return reinterpret_cast<void*>(nothing);
  }
  if (!method) {
    report("unrecognized selector %c[%s %s]", self->isa->meta ? '+' : '-', self->isa->name, name);
    return reinterpret_cast<void*>(nothing);
  }
  return method->function;
}

Selector sel_registerName(const char* name) { return selector(name); }

Object* objc_getClass(const char* name) {
  std::lock_guard<std::recursive_mutex> held(lock);
  auto found = classes().find(name);
  return found == classes().end() ? nullptr : found->second;
}

Class* object_getClass(Object* object) { return object ? object->isa : nullptr; }

const Method* class_getInstanceMethod(Class* c, Selector name) { return find(c, name); }

const char* method_getTypeEncoding(const Method* method) { return method->types.c_str(); }

void* objc_autoreleasePoolPush() {
  pools.marks.push_back(pools.objects.size());
  return reinterpret_cast<void*>(pools.marks.size());
}

void objc_autoreleasePoolPop(void* pool) {
  if (reinterpret_cast<size_t>(pool) != pools.marks.size() || pools.marks.empty()) {
    report("autorelease pool popped out of order or on another thread");
    return;
  }
  size_t mark = pools.marks.back();
  pools.marks.pop_back();
  while (pools.objects.size() > mark) {
    Object* object = pools.objects.back();
    pools.objects.pop_back();
    release(object);
  }
}

// Pools that are open on this thread.
long simulator_open_pools() { return pools.marks.size(); }
}

// Saves the registers that carry arguments, looks the method up, and jumps to it: a message of any signature passes.
#if defined(__x86_64__)
asm(R"(
.text
.globl objc_msgSend
.type objc_msgSend,@function
objc_msgSend:
  pushq %rbp
  movq %rsp, %rbp
  subq $192, %rsp
  movq %rdi, 0(%rsp)
  movq %rsi, 8(%rsp)
  movq %rdx, 16(%rsp)
  movq %rcx, 24(%rsp)
  movq %r8, 32(%rsp)
  movq %r9, 40(%rsp)
  movq %rax, 48(%rsp)
  movups %xmm0, 64(%rsp)
  movups %xmm1, 80(%rsp)
  movups %xmm2, 96(%rsp)
  movups %xmm3, 112(%rsp)
  movups %xmm4, 128(%rsp)
  movups %xmm5, 144(%rsp)
  movups %xmm6, 160(%rsp)
  movups %xmm7, 176(%rsp)
  call simulator_lookup@PLT
  movq %rax, %r11
  movq 0(%rsp), %rdi
  movq 8(%rsp), %rsi
  movq 16(%rsp), %rdx
  movq 24(%rsp), %rcx
  movq 32(%rsp), %r8
  movq 40(%rsp), %r9
  movq 48(%rsp), %rax
  movups 64(%rsp), %xmm0
  movups 80(%rsp), %xmm1
  movups 96(%rsp), %xmm2
  movups 112(%rsp), %xmm3
  movups 128(%rsp), %xmm4
  movups 144(%rsp), %xmm5
  movups 160(%rsp), %xmm6
  movups 176(%rsp), %xmm7
  leave
  jmp *%r11
.size objc_msgSend, .-objc_msgSend
)");
#elif defined(__aarch64__)
asm(R"(
.text
.globl objc_msgSend
.type objc_msgSend,%function
objc_msgSend:
  stp x29, x30, [sp, #-208]!
  mov x29, sp
  stp x0, x1, [sp, #16]
  stp x2, x3, [sp, #32]
  stp x4, x5, [sp, #48]
  stp x6, x7, [sp, #64]
  str x8, [sp, #80]
  stp q0, q1, [sp, #96]
  stp q2, q3, [sp, #128]
  stp q4, q5, [sp, #160]
  bl simulator_lookup
  mov x16, x0
  ldp x0, x1, [sp, #16]
  ldp x2, x3, [sp, #32]
  ldp x4, x5, [sp, #48]
  ldp x6, x7, [sp, #64]
  ldr x8, [sp, #80]
  ldp q0, q1, [sp, #96]
  ldp q2, q3, [sp, #128]
  ldp q4, q5, [sp, #160]
  ldp x29, x30, [sp], #208
  br x16
.size objc_msgSend, .-objc_msgSend
)");
#else
#error "the simulator knows x86-64 and aarch64"
#endif

}  // namespace sim
