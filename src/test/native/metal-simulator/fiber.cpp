#include "fiber.h"

#include <cstring>

// Saves the callee-saved registers and the stack pointer to *save, and goes on at another stack.
extern "C" void simulator_switch(void** save, void* to);
#if defined(__x86_64__)
asm(R"(
.text
.globl simulator_switch
.type simulator_switch,@function
simulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size simulator_switch, .-simulator_switch
)");
constexpr size_t SAVED_WORDS = 7;      // six registers and the return address
constexpr size_t RETURN_ADDRESS = 6;   // its index among them
constexpr size_t ENTRY_MISALIGNMENT = 8;
#elif defined(__aarch64__)
asm(R"(
.text
.globl simulator_switch
.type simulator_switch,%function
simulator_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size simulator_switch, .-simulator_switch
)");
constexpr size_t SAVED_WORDS = 20;
constexpr size_t RETURN_ADDRESS = 11;
constexpr size_t ENTRY_MISALIGNMENT = 0;
#endif

namespace sim {

void* new_fiber(unsigned char* stack, void (*function)()) {
  void** top = reinterpret_cast<void**>(stack + STACK - 64 - ENTRY_MISALIGNMENT) - SAVED_WORDS;
  memset(top, 0, SAVED_WORDS * sizeof(void*));
  top[RETURN_ADDRESS] = reinterpret_cast<void*>(function);
  return top;
}

void switch_fiber(void** save, void* to) { simulator_switch(save, to); }

}  // namespace sim
