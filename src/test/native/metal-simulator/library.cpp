// Kernels: libraries that are compiled from source, their functions and pipelines.
#include <cstring>

#include "metal.h"

namespace sim {

namespace {

Object* new_library(Object* source, Object* options, Object** error) {
  try {
    bool fast_math = options ? static_cast<CompileOptions*>(options)->fast_math : true;
    return new Library(compile(settings.compiler, text_of(source), fast_math));
  } catch (const std::string& message) {
    if (error) *error = autorelease(new_error(message, 3));
    return nullptr;
  }
}

Object* new_function(Library* library, Object* name, ConstantValues* values, Object** error) {
  std::string text = text_of(name);
  if (!library->program->find(text)) {
    if (error) *error = autorelease(new_error("there is no function " + text, 1));
    return nullptr;
  }
  auto program = library->program;
  if (values) {
    program = std::make_shared<Program>(load(program->file));
    for (unsigned i = 0; i < program->constant_count; i++) {
      const msl::Constant& constant = program->constants[i];
      auto found = values->values.find(constant.index);
      if (found != values->values.end()) memcpy(constant.value, found->second.data(), constant.bytes);
    }
  } else if (program->constant_count > 0) {
    report("function %s of a library with function constants, made without their values", text.c_str());
  }
  return new Function(program, program->find(text));
}

struct LibraryMethods {
  LibraryMethods() {
    Class& device = class_named("MTLDevice");
    add_method(device, "newLibraryWithSource:options:error:",
               +[](Object*, Selector, Object* source, Object* options, Object** error) {
                 return new_library(source, options, error);
               });
    add_method(device, "newComputePipelineStateWithFunction:error:", +[](Object*, Selector, Object* function, Object**) {
      return (Object*)new Pipeline(static_cast<Function*>(function));
    });
    Class& options = class_named("MTLCompileOptions");
    add_method(*options.isa, "new", +[](Object*, Selector) { return (Object*)new CompileOptions; });
    add_method(options, "setLanguageVersion:", +[](Object*, Selector, unsigned long) {});
    add_method(options, "setFastMathEnabled:", +[](Object* self, Selector, bool on) {
      static_cast<CompileOptions*>(self)->fast_math = on;
    });
    Class& values = class_named("MTLFunctionConstantValues");
    add_method(*values.isa, "new", +[](Object*, Selector) { return (Object*)new ConstantValues; });
    add_method(values, "setConstantValue:type:atIndex:",
               +[](Object* self, Selector, const void* value, unsigned long type, unsigned long index) {
                 size_t bytes = type == 53 ? 1 : type == 16 ? 2 : 4;
                 static_cast<ConstantValues*>(self)->values[index] = std::string(static_cast<const char*>(value), bytes);
               });
    Class& library = class_named("MTLLibrary");
    add_method(library, "newFunctionWithName:", +[](Object* self, Selector, Object* name) {
      return new_function(static_cast<Library*>(self), name, nullptr, nullptr);
    });
    add_method(library, "newFunctionWithName:constantValues:error:",
               +[](Object* self, Selector, Object* name, Object* values, Object** error) {
                 return new_function(static_cast<Library*>(self), name, static_cast<ConstantValues*>(values), error);
               });
    Class& pipeline = class_named("MTLComputePipelineState");
    add_method(pipeline, "maxTotalThreadsPerThreadgroup", +[](Object*, Selector) { return settings.max_threads; });
    add_method(pipeline, "threadExecutionWidth", +[](Object*, Selector) { return (unsigned long)msl::LANES; });
  }
} library_methods;

}  // namespace

}  // namespace sim
