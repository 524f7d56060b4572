// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/inert_function.h>

#include <vigil/models/saved_config.h>

namespace vigil::sim {

namespace {

constexpr std::uint32_t k_rom_base = 0x30;
constexpr std::uint32_t k_bridge_rom_base = 0x38;
constexpr std::uint32_t k_rom_enable = 0x1;

} // namespace

template <class Function> void inert_function<Function>::declare(const inert_header& header)
{
    constexpr bool is_bridge = std::is_same_v<Function, bus::pci_bridge>;
    this->set_config(bus::pci_reg::interrupt_pin, 1, header.interrupt_pin);
    for (const inert_bar& bar : header.bars) {
        const std::uint32_t offset = bus::pci_reg::bar0 + 4U * bar.index;
        this->set_write_mask(offset, 4, bar.mask);
        this->set_config(offset, 4, bar.fixed);
    }
    const std::uint32_t rom_mask = header.rom_mask != 0 ? header.rom_mask | k_rom_enable : 0;
    this->set_write_mask(is_bridge ? k_bridge_rom_base : k_rom_base, 4, rom_mask);
    const unsigned list = header.capabilities != 0 ? bus::pci_status::capabilities_list : 0U;
    this->set_config(bus::pci_reg::status, 1, header.status | list);
    this->set_config(bus::pci_reg::capabilities_pointer, 1, header.capabilities);
    for (const config_word& word : words_) this->set_write_mask(word.offset, 4, 0);
    store_words();
}

template <class Function> void inert_function<Function>::store_words()
{
    for (const config_word& word : words_) this->set_config(word.offset, 4, word.value);
}

template <class Function> void inert_function<Function>::reset(runstate::reset_kind kind)
{
    this->reset_header();
    if (kind != runstate::reset_kind::cold) return;
    this->clear_storage();
    store_words();
}

template <class Function> runstate::saved_state inert_function<Function>::save() const
{
    return {models::save_config(*this)};
}

template <class Function>
runstate::prepared_restore inert_function<Function>::prepare(const runstate::saved_state& state)
{
    return models::prepare_config(section(), state, *this);
}

template class inert_function<bus::pci_function>;
template class inert_function<bus::pci_bridge>;

} // namespace vigil::sim
