// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_BUS_MEMORY_H
#define VIGIL_BUS_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <systemc>

#include <vigil/bus/target_socket.h>

namespace vigil::bus {

/// All that is in a memory: zeros at first, of which the host commits a page when it is first written. By pages of 4
/// KiB (the last one is as long as the size leaves it).
class memory_content {
public:
    static constexpr std::uint64_t k_page_bytes = 4096;

    /// Null where the host refuses the address space. `size` is not 0.
    static std::unique_ptr<memory_content> of(std::uint64_t size);
    ~memory_content();
    memory_content(const memory_content&) = delete;
    memory_content& operator=(const memory_content&) = delete;

    std::uint64_t size() const noexcept { return size_; }
    std::uint8_t* data() noexcept { return data_; }
    const std::uint8_t* data() const noexcept { return data_; }
    std::uint64_t pages() const noexcept { return written_.size(); }
    std::uint64_t page_bytes(std::uint64_t page) const noexcept;
    /// The pages that hold anything but zeros, ascending. Looks at those only that were ever written to, and at all of
    /// them once the bytes were given out.
    std::vector<std::uint64_t> pages_in_use() const;
    /// Whether all of it is as it was made: nobody has written to it, or could have.
    bool untouched() const noexcept { return !touched_; }
    /// The bytes, for others to write to from now on.
    std::uint8_t* give_out() noexcept
    {
        touched_ = given_out_ = true;
        return data_;
    }
    /// Writes `count` bytes, which must lie within the size.
    void write(std::uint64_t address, const std::uint8_t* bytes, std::uint64_t count);

private:
    memory_content(std::uint8_t* data, std::uint64_t size);

    std::uint64_t size_;
    std::uint8_t* data_;
    std::vector<bool> written_; ///< for each page, whether `write` ever wrote to it
    bool given_out_ = false;
    bool touched_ = false;
};

/// Guest RAM: zero at first, and sparse (the host commits a page when it is first written). Takes accesses of any
/// length and alignment; out-of-range ones answer TLM_ADDRESS_ERROR_RESPONSE. Byte enables and streaming widths as
/// `blocking_target` says. Debug transport reads and writes. Direct memory is granted for the whole of it, to read and
/// write, with the access latency for each word, until the content is replaced; payloads tell so (`is_dmi_allowed`).
class memory : public sc_core::sc_module, public timed_target, private blocking_target {
public:
    /// `size` in bytes, not 0. Reports /vigil/bus/memory where the host refuses the address space.
    memory(const sc_core::sc_module_name& name, std::uint64_t size);
    shared_target_socket socket;

    std::uint64_t size() const noexcept { return content_ == nullptr ? 0 : content_->size(); }

    /// The bytes themselves, for the host to read until they are replaced.
    const std::uint8_t* data() const noexcept { return content_ == nullptr ? nullptr : content_->data(); }
    /// The host writes `count` bytes, which must lie within the memory.
    void write(std::uint64_t address, const std::uint8_t* bytes, std::uint64_t count)
    {
        content_->write(address, bytes, count);
    }

    /// All that is in it, for saving; null only where the host refused the address space. Whoever holds it still has it
    /// when the memory has been given another.
    const std::shared_ptr<memory_content>& content() const noexcept { return content_; }
    /// Exchanges all that is in it for another content of the same size, in one step that cannot fail, and then takes
    /// direct memory back from the initiators that it was granted to.
    void replace(std::shared_ptr<memory_content> content) noexcept;

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;

    std::shared_ptr<memory_content> content_;
    bool granted_ = false; ///< whether anybody has direct memory
};

/// Whatever is not there: reads return `fill` in every byte, writes are lost, any length is fine.
class unclaimed : public sc_core::sc_module, private blocking_target {
public:
    unclaimed(const sc_core::sc_module_name& name, std::uint8_t fill);

    shared_target_socket socket;

private:
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;

    std::uint8_t fill_;
};

} // namespace vigil::bus

#endif
