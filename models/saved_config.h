// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_SAVED_CONFIG_H
#define VIGIL_MODELS_SAVED_CONFIG_H

#include <array>
#include <cstdint>
#include <string_view>

#include <vigil/bus/pci_function.h>
#include <vigil/runstate/snapshot/saved_state.h>

/// The configuration space of a PCI function as a field of its section.
namespace vigil::models {

using config_image = std::array<std::uint8_t, bus::pci_function::k_config_size>;

/// A field of 256 bytes.
runstate::saved_field save_config(const bus::pci_function& function, const char* name = "config");

/// Reads that field; it must begin with the function's own vendor and device ids. For `restore_config_bytes`, once
/// `in` has no fault.
config_image read_config(runstate::saved_state_reader& in, const bus::pci_function& function,
                         const char* name = "config");

/// Checks the state of a section that has that field and no other; taking it over puts the bytes back.
runstate::prepared_restore prepare_config(std::string_view section, const runstate::saved_state& state,
                                          bus::pci_function& function);

} // namespace vigil::models

#endif
