// The part of the Objective-C runtime that Metal programs call: classes, selectors, messages, reference counts and
// autorelease pools. Misuse that would crash a Mac, or leak on it, is written to the log.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <type_traits>
#include <unordered_map>

namespace sim {

typedef const char* Selector;  // interned: equal selectors are the same pointer

struct Method {
  void* function;
  std::string types;  // as method_getTypeEncoding gives them
};

struct Class;

struct Object {
  explicit Object(Class& c);
  Class* isa;  // first, as in the Objective-C ABI; a class's own is its metaclass
  std::atomic<long> references{1};
  std::thread::id owner = std::this_thread::get_id();

 protected:
  Object() : isa(nullptr) {}  // of a class, which does not count as a live object
};

struct Class : Object {
  Class(const char* name, Class* super, bool meta) : name(name), super(super), meta(meta) {}
  const char* name;
  Class* super;
  bool meta;
  void (*dispose)(Object*) = nullptr;  // frees what an object holds; the object stays, as a zombie
  std::unordered_map<Selector, Method> methods;
};

Selector selector(const char* name);
Class& class_named(const char* name);
void remove_method(Class& c, const char* name);
void remove_class(const char* name);

void report(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string take_report();

Object* retain(Object* object);
void release(Object* object);
Object* autorelease(Object* object);
long live_objects();
long live_objects_of(const char* class_name);

Object* new_string(const std::string& text);
const std::string& text_of(Object* string);
Object* new_error(const std::string& text, long code);

// The encoding of a C type in a method's signature.
struct Size {
  unsigned long width, height, depth;
};

template <class T>
std::string encode() {
  if constexpr (std::is_void_v<T>) return "v";
  else if constexpr (std::is_same_v<T, Object*>) return "@";
  else if constexpr (std::is_same_v<T, Selector>) return ":";
  else if constexpr (std::is_same_v<T, const unsigned char*>) return "r*";
  else if constexpr (std::is_same_v<T, const void*>) return "r^v";
  else if constexpr (std::is_pointer_v<T> && std::is_same_v<T, Object**>) return "^@";
  else if constexpr (std::is_pointer_v<T>) return "^v";
  else if constexpr (std::is_same_v<T, bool>) return "B";
  else if constexpr (std::is_same_v<T, double>) return "d";
  else if constexpr (std::is_same_v<T, Size>) return "{?=QQQ}";
  else if constexpr (std::is_same_v<T, long>) return "q";
  else {
    static_assert(std::is_same_v<T, unsigned long>, "no encoding for this type");
    return "Q";
  }
}

template <class Result, class... Arguments>
void add_method(Class& c, const char* name, Result (*function)(Object*, Selector, Arguments...)) {
  std::string types = encode<Result>() + "16@0:8";
  int offset = 16;
  ((types += encode<Arguments>() + std::to_string(offset), offset += 8), ...);
  c.methods[selector(name)] = {reinterpret_cast<void*>(function), types};
}

}  // namespace sim
