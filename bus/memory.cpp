// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/memory.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include <sys/mman.h>

#include <vigil/bus/payload_form.h>

namespace vigil::bus {

std::unique_ptr<memory_content> memory_content::of(std::uint64_t size)
{
    // Pages come with their first write; no swap is set aside for the others.
    void* const bytes = size == 0 || size > std::numeric_limits<std::size_t>::max()
                            ? MAP_FAILED
                            : mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) return nullptr;
    try {
        return std::unique_ptr<memory_content>(new memory_content(static_cast<std::uint8_t*>(bytes), size));
    } catch (...) {
        munmap(bytes, static_cast<std::size_t>(size));
        throw;
    }
}

memory_content::memory_content(std::uint8_t* data, std::uint64_t size)
    : size_(size), data_(data), written_(static_cast<std::size_t>((size + k_page_bytes - 1) / k_page_bytes))
{
}

memory_content::~memory_content() { munmap(data_, static_cast<std::size_t>(size_)); }

memory::memory(const sc_core::sc_module_name& name, std::uint64_t size)
    : sc_module(name), socket("socket"), content_(memory_content::of(size))
{
    socket.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
    if (content_ == nullptr) {
        SC_REPORT_ERROR("/vigil/bus/memory", (std::string(this->name()) + ": no address space for " +
                                              std::to_string(size) + " bytes; choose another size")
                                                 .c_str());
    }
}

void memory::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    if (check_shape(payload) != tlm::TLM_OK_RESPONSE) {
        in_plain_form(
            payload, [this] { warn_of_streaming_width(socket); }, [&] { b_transport(payload, delay); });
        return;
    }
    const std::uint64_t address = payload.get_address();
    const unsigned length = payload.get_data_length();
    if (address >= size() || length > size() - address) {
        payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return;
    }
    if (payload.is_read()) {
        std::memcpy(payload.get_data_ptr(), content_->data() + address, length);
    } else if (payload.is_write()) {
        write(address, payload.get_data_ptr(), length);
    }
    payload.set_dmi_allowed(true);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    delay += access_latency();
}

bool memory::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi)
{
    dmi.init();
    if (payload.get_address() >= size()) {
        dmi.set_start_address(size());
        return false;
    }
    granted_ = true;
    dmi.set_dmi_ptr(content_->give_out());
    dmi.set_end_address(size() - 1);
    dmi.allow_read_write();
    dmi.set_read_latency(access_latency());
    dmi.set_write_latency(access_latency());
    return true;
}

void memory::replace(std::shared_ptr<memory_content> content) noexcept
{
    content_.swap(content); // the old one lives until nobody has direct memory in it
    if (!granted_) return;
    granted_ = false;
    for (int i = 0; i < socket.size(); ++i) socket[i]->invalidate_direct_mem_ptr(0, size() - 1);
}

unsigned memory::transport_dbg(tlm::tlm_generic_payload& payload)
{
    const std::uint64_t address = payload.get_address();
    if (address >= size() || payload.get_data_ptr() == nullptr) return 0;
    const std::uint64_t room = size() - address;
    const unsigned length = payload.get_data_length() < room ? payload.get_data_length() : static_cast<unsigned>(room);
    if (payload.is_read()) {
        std::memcpy(payload.get_data_ptr(), content_->data() + address, length);
    } else if (payload.is_write()) {
        write(address, payload.get_data_ptr(), length);
    } else {
        return 0;
    }
    return length;
}

void memory_content::write(std::uint64_t address, const std::uint8_t* bytes, std::uint64_t count)
{
    if (count == 0) return;
    touched_ = true;
    std::memcpy(data_ + address, bytes, static_cast<std::size_t>(count));
    const std::uint64_t last = (address + count - 1) / k_page_bytes;
    for (std::uint64_t page = address / k_page_bytes; page <= last; ++page)
        written_[static_cast<std::size_t>(page)] = true;
}

std::uint64_t memory_content::page_bytes(std::uint64_t page) const noexcept
{
    return std::min(k_page_bytes, size_ - page * k_page_bytes);
}

std::vector<std::uint64_t> memory_content::pages_in_use() const
{
    std::vector<std::uint64_t> result;
    for (std::uint64_t page = 0; page < written_.size(); ++page) {
        if (!given_out_ && !written_[static_cast<std::size_t>(page)]) continue;
        const std::uint8_t* const begin = data_ + page * k_page_bytes;
        const std::uint8_t* const end = begin + page_bytes(page);
        if (std::any_of(begin, end, [](std::uint8_t byte) { return byte != 0; })) result.push_back(page);
    }
    return result;
}

unclaimed::unclaimed(const sc_core::sc_module_name& name, std::uint8_t fill)
    : sc_module(name), socket("socket"), fill_(fill)
{
    socket.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
}

void unclaimed::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& /*delay*/)
{
    if (check_shape(payload) == tlm::TLM_OK_RESPONSE) {
        answer_absent(payload, fill_);
    } else {
        in_plain_form(
            payload, [this] { warn_of_streaming_width(socket); }, [&] { answer_absent(payload, fill_); });
    }
}

unsigned unclaimed::transport_dbg(tlm::tlm_generic_payload& payload) { return answer_absent_debug(payload, fill_); }

} // namespace vigil::bus
