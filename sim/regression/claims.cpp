// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/claims.h>

#include <algorithm>
#include <new>

#include <sys/mman.h>

namespace vigil::sim {

claims::claims(std::size_t count) : bytes_(std::max<std::size_t>(count, 1) * sizeof(std::atomic<state>))
{
    void* const memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    states_ = new (memory) std::atomic<state>[bytes_ / sizeof(std::atomic<state>)]; // zero: free
}

claims::~claims() { ::munmap(states_, bytes_); }

} // namespace vigil::sim
