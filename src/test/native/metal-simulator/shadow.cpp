#include "shadow.h"

#include <sys/mman.h>

namespace sim {

namespace {

constexpr size_t CELL = 2 * sizeof(uint64_t) + 4 * sizeof(uint32_t);

}  // namespace

Shadow::Shadow(size_t bytes) : bytes((bytes + 15) / 16 * 16) {
  size_t n = this->bytes;
  memory = mmap(nullptr, n * CELL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  writes = static_cast<uint64_t*>(memory);
  reads = writes + n;
  written = reinterpret_cast<uint32_t*>(reads + n);
  read = written + n;
  writers = read + n;
  readers = writers + n;
}

Shadow::~Shadow() { munmap(memory, bytes * CELL); }

}  // namespace sim
