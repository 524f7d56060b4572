// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SESSION_RECYCLED_MEMORY_H
#define VIGIL_QMP_BRIDGE_SESSION_RECYCLED_MEMORY_H

#include <array>
#include <cstddef>
#include <functional>
#include <new>

#include <boost/container/pmr/memory_resource.hpp>

namespace vigil::qmp_bridge {

/// Memory for small things that live one after the other: they lie in a buffer, which is used anew once nothing is left
/// in it. What does not fit comes from the heap. Must outlive what lies in it.
template <std::size_t Bytes> class recycled_memory final : public boost::container::pmr::memory_resource {
private:
    static constexpr std::size_t k_alignment = alignof(std::max_align_t); ///< of all of it, as on the heap

    void* do_allocate(std::size_t bytes, std::size_t /*alignment*/) override
    {
        if (bytes > buffer_.size() - used_) return ::operator new(bytes);
        void* const given = buffer_.data() + used_;
        used_ += (bytes + k_alignment - 1) / k_alignment * k_alignment;
        ++living_;
        return given;
    }

    void do_deallocate(void* memory, std::size_t /*bytes*/, std::size_t /*alignment*/) override
    {
        const std::less<const void*> before;
        if (before(memory, buffer_.data()) || !before(memory, buffer_.data() + buffer_.size())) {
            ::operator delete(memory);
        } else if (--living_ == 0) {
            used_ = 0;
        }
    }

    bool do_is_equal(const boost::container::pmr::memory_resource& other) const noexcept override
    {
        return this == &other;
    }

    static_assert(Bytes % k_alignment == 0, "what is used never goes beyond the buffer");
    alignas(k_alignment) std::array<std::byte, Bytes> buffer_;
    std::size_t used_ = 0;
    std::size_t living_ = 0; ///< pieces of the buffer
};

} // namespace vigil::qmp_bridge

#endif
