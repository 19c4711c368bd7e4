// Threads of the GPU, as the CPU runs them: each has a stack, and they take turns.
#pragma once

#include <cstddef>

namespace sim {

constexpr size_t STACK = 64 * 1024;

// A fiber that begins at a function, which must not return: what to go on at.
void* new_fiber(unsigned char* stack, void (*function)());

// Saves where this fiber is to *save, and goes on at another.
void switch_fiber(void** save, void* to);

}  // namespace sim
