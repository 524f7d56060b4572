// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_INERT_FUNCTION_H
#define VIGIL_SIM_INERT_FUNCTION_H

#include <cstdint>
#include <string_view>
#include <vector>

#include <systemc>

#include <vigil/bus/pci_bridge.h>
#include <vigil/bus/pci_function.h>
#include <vigil/runstate/interfaces.h>

/// PCI functions that management software puts into a machine and that do nothing: what enumeration finds of them.
namespace vigil::sim {

/// A double word of configuration space.
struct config_word {
    std::uint8_t offset;
    std::uint32_t value;
};

/// A base address register: what can be set of it, and what it holds beside that.
struct inert_bar {
    std::uint8_t index;
    std::uint32_t mask;
    std::uint32_t fixed = 0;
};

/// What a guest finds of a function in its configuration space.
struct inert_header {
    bus::pci_identity identity;
    std::uint8_t interrupt_pin = 0;
    std::vector<inert_bar> bars = {};
    std::uint32_t rom_mask = 0;          ///< of the base address of the expansion ROM; 0: there is none
    std::uint8_t capabilities = 0;       ///< the offset of the first one; 0: there is none
    std::vector<config_word> words = {}; ///< beyond the header, read-only; what is not named is zero, and storage
    std::uint8_t status = 0;             ///< of the status register, beside the bit for capabilities
};

/// A function with such a header. Nothing answers where its base address registers say; of a `bus::pci_bridge`, the bus
/// behind it works.
template <class Function>
class inert_function final : public Function, public runstate::resettable, public runstate::snapshottable {
public:
    /// `more` is what the function is made of beside its name and identity.
    template <class... More>
    inert_function(const sc_core::sc_module_name& name, const inert_header& header, const More&... more)
        : Function(name, header.identity, more...), words_(header.words)
    {
        declare(header);
    }

    void reset(runstate::reset_kind kind) override;
    std::string_view section() const override { return "inert_pci_function"; }
    /// One field, config: 256 bytes.
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& state) override;

private:
    void declare(const inert_header& header);
    void store_words();

    std::vector<config_word> words_;
};

extern template class inert_function<bus::pci_function>;
extern template class inert_function<bus::pci_bridge>;

} // namespace vigil::sim

#endif
