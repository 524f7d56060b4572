// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/saved_parts.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <vigil/bus/little_endian.h>

namespace vigil::models {

using bus::memory_content;
using runstate::byte_source;
using runstate::prepared_restore;
using runstate::saved_state;
using runstate::saved_state_reader;

namespace {

constexpr std::uint64_t k_page_bytes = memory_content::k_page_bytes;
constexpr unsigned k_number_bytes = 8; // of a page's number

// Pages of a memory, one after another. All but the last one are of the full length.
class pages_of_memory final : public byte_source {
public:
    pages_of_memory(std::shared_ptr<const memory_content> content, std::vector<std::uint64_t> pages)
        : content_(std::move(content)), pages_(std::move(pages)),
          size_(pages_.empty() ? 0 : (pages_.size() - 1) * k_page_bytes + content_->page_bytes(pages_.back()))
    {
    }
    std::uint64_t size() const override { return size_; }
    std::optional<std::string> read(std::uint64_t at, std::uint8_t* to, std::size_t count) const override
    {
        while (count > 0) {
            const std::uint64_t page = pages_[static_cast<std::size_t>(at / k_page_bytes)];
            const std::uint64_t offset = at % k_page_bytes;
            const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(count, k_page_bytes - offset));
            std::memcpy(to, content_->data() + page * k_page_bytes + offset, step);
            at += step;
            to += step;
            count -= step;
        }
        return std::nullopt;
    }

private:
    std::shared_ptr<const memory_content> content_;
    std::vector<std::uint64_t> pages_;
    std::uint64_t size_;
};

// Fills a memory with saved pages, a few at a time. The first fault is kept.
class page_reader {
public:
    page_reader(const byte_source& pages, const byte_source& contents, memory_content& to)
        : pages_(pages), contents_(contents), to_(to)
    {
    }

    std::optional<std::string> read_all()
    {
        if (pages_.size() % k_number_bytes != 0) return "field 'pages' must have 8 bytes for each page";
        std::array<std::uint8_t, 512 * k_number_bytes> numbers{};
        for (std::uint64_t at = 0; at < pages_.size();) {
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(numbers.size(), pages_.size() - at));
            if (auto fault = pages_.read(at, numbers.data(), count)) return fault;
            for (std::size_t i = 0; i < count; i += k_number_bytes) {
                if (auto fault = read(bus::load_little_endian(&numbers[i], k_number_bytes))) return fault;
            }
            at += count;
        }
        if (contents_.size() != at_) return "field 'contents' must have " + std::to_string(at_) + " bytes";
        return std::nullopt;
    }

private:
    std::optional<std::string> read(std::uint64_t page)
    {
        if (page < next_) return "field 'pages' must be in ascending order";
        if (page >= to_.pages()) return "field 'pages' must name pages below " + std::to_string(to_.pages());
        next_ = page + 1;
        const std::uint64_t count = to_.page_bytes(page);
        if (contents_.size() - at_ < count) return "field 'contents' must have the bytes of all its pages";
        std::array<std::uint8_t, k_page_bytes> bytes; // NOLINT: read whole
        if (auto fault = contents_.read(at_, bytes.data(), static_cast<std::size_t>(count))) return fault;
        to_.write(page * k_page_bytes, bytes.data(), count);
        at_ += count;
        return std::nullopt;
    }

    const byte_source& pages_;
    const byte_source& contents_;
    memory_content& to_;
    std::uint64_t next_ = 0; // the lowest page that can follow
    std::uint64_t at_ = 0;   // in the contents
};

} // namespace

saved_state saved_memory::save() const
{
    std::vector<std::uint64_t> in_use = part_.content()->pages_in_use();
    std::vector<std::uint8_t> pages;
    pages.resize(in_use.size() * k_number_bytes);
    for (std::size_t i = 0; i < in_use.size(); ++i) {
        bus::store_little_endian(&pages[i * k_number_bytes], k_number_bytes, in_use[i]);
    }
    return {{"size", part_.size()},
            {"pages", std::move(pages)},
            {"contents", std::make_shared<const pages_of_memory>(part_.content(), std::move(in_use))}};
}

prepared_restore saved_memory::prepare(const saved_state& state)
{
    saved_state_reader in(section(), state, 3);
    in.number("size", part_.size(), part_.size());
    const auto pages = in.source("pages");
    const auto contents = in.source("contents");
    if (in.fault()) return *in.fault();
    if (pages->size() == 0 && contents->size() == 0 && part_.content()->untouched()) return [] {}; // it is so already
    std::shared_ptr<memory_content> fresh = memory_content::of(part_.size());
    in.require(fresh != nullptr, "the host has no address space for " + std::to_string(part_.size()) + " bytes more");
    if (in.fault()) return *in.fault();
    if (const auto fault = page_reader(*pages, *contents, *fresh).read_all()) in.require(false, *fault);
    if (in.fault()) return *in.fault();
    return [this, fresh = std::move(fresh)] { part_.replace(fresh); };
}

std::uint64_t saved_memory::most_bytes() const
{
    constexpr std::uint64_t k_around = 256; // names and lengths
    return part_.size() + part_.content()->pages() * k_number_bytes + k_around;
}

saved_state saved_pci_host::save() const { return {{"address", std::uint64_t{part_.configuration_address()}}}; }

prepared_restore saved_pci_host::prepare(const saved_state& state)
{
    saved_state_reader in(section(), state, 1);
    const std::uint64_t address = in.number("address", 0, UINT32_MAX);
    if (in.fault()) return *in.fault();
    return [this, address] { part_.set_configuration_address(static_cast<std::uint32_t>(address)); };
}

} // namespace vigil::models
