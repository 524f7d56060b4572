// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/saved_parts.h>

#include <algorithm>
#include <utility>

namespace vigil::sim {

using runstate::saved_state;
using runstate::saved_state_reader;

saved_state saved_memory::save() const
{
    std::vector<std::uint8_t> pages;
    std::vector<std::uint8_t> contents;
    for (const std::uint64_t page : part_.pages_in_use()) {
        for (unsigned shift = 0; shift < 64; shift += 8) pages.push_back(static_cast<std::uint8_t>(page >> shift));
        const std::uint8_t* const bytes = part_.data() + page * bus::memory::k_page_bytes;
        contents.insert(contents.end(), bytes, bytes + part_.page_bytes(page));
    }
    return {{"size", part_.size()}, {"pages", std::move(pages)}, {"contents", std::move(contents)}};
}

std::optional<std::string> saved_memory::restore(const saved_state& state)
{
    saved_state_reader in(section(), state, 3);
    in.number("size", part_.size(), part_.size());
    const std::vector<std::uint8_t>& pages = in.bytes("pages");
    const std::vector<std::uint8_t>& contents = in.bytes("contents");
    in.require(pages.size() % 8 == 0, "field 'pages' must have 8 bytes for each page");
    std::vector<std::uint64_t> numbers;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < pages.size() && !in.fault(); i += 8) {
        std::uint64_t page = 0;
        for (std::size_t n = 8; n-- > 0;) page = page << 8 | pages[i + n];
        in.require(numbers.empty() || page > numbers.back(), "field 'pages' must be in ascending order");
        in.require(page < part_.pages(), "field 'pages' must name pages below " + std::to_string(part_.pages()));
        if (in.fault()) break;
        numbers.push_back(page);
        length += part_.page_bytes(page);
    }
    in.require(contents.size() == length, "field 'contents' must have " + std::to_string(length) + " bytes");
    if (in.fault()) return in.fault();

    part_.clear();
    const std::uint8_t* bytes = contents.data();
    for (const std::uint64_t page : numbers) {
        part_.write(page * bus::memory::k_page_bytes, bytes, part_.page_bytes(page));
        bytes += part_.page_bytes(page);
    }
    return std::nullopt;
}

saved_state saved_pci_host::save() const { return {{"address", std::uint64_t{part_.configuration_address()}}}; }

std::optional<std::string> saved_pci_host::restore(const saved_state& state)
{
    saved_state_reader in(section(), state, 1);
    const std::uint64_t address = in.number("address", 0, UINT32_MAX);
    if (!in.fault()) part_.set_configuration_address(static_cast<std::uint32_t>(address));
    return in.fault();
}

saved_state saved_reset_ports::save() const
{
    saved_state all;
    for (const part& one : parts_) {
        for (auto& field : one.saved->save()) all.push_back(std::move(field));
    }
    return all;
}

std::optional<std::string> saved_reset_ports::restore(const saved_state& state)
{
    const saved_state before = save();
    auto fault = restore_parts(state);
    if (!fault) return std::nullopt;
    restore_parts(before);
    return std::string(section()) + ": " + *fault;
}

std::optional<std::string> saved_reset_ports::restore_parts(const saved_state& state)
{
    std::size_t at = 0;
    for (const part& one : parts_) {
        if (at == state.size() && one.optional) {
            one.reset->reset(runstate::reset_kind::cold);
            continue;
        }
        const std::size_t end = std::min(state.size(), at + one.saved->save().size());
        const auto first = state.begin();
        const saved_state its(first + static_cast<std::ptrdiff_t>(at), first + static_cast<std::ptrdiff_t>(end));
        if (auto fault = one.saved->restore(its)) return fault;
        at = end;
    }
    if (at == state.size()) return std::nullopt;
    return std::to_string(at) + " fields expected, " + std::to_string(state.size()) + " found";
}

} // namespace vigil::sim
