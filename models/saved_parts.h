// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_MODELS_SAVED_PARTS_H
#define VIGIL_MODELS_SAVED_PARTS_H

#include <cstdint>
#include <string_view>

#include <vigil/bus/memory.h>
#include <vigil/bus/pci_host.h>
#include <vigil/runstate/snapshot/saved_state.h>

/// Sections of a snapshot for the parts of a platform that know nothing of run states.
namespace vigil::models {

/// Fields: size (bytes); pages, 8 bytes for each page with anything in it, its number, ascending; contents, those
/// pages one after another.
class saved_memory final : public runstate::snapshottable {
public:
    explicit saved_memory(bus::memory& part) : part_(part) {}
    std::string_view section() const override { return "memory"; }
    runstate::saved_state save() const override;
    /// Reads all of the other memory; what is there already stays until it is taken over.
    runstate::prepared_restore prepare(const runstate::saved_state& state) override;
    std::uint64_t most_bytes() const override;

private:
    bus::memory& part_;
};

/// One field, address: the configuration address register. (The ECAM window belongs to the bridge that opens it.)
class saved_pci_host final : public runstate::snapshottable {
public:
    explicit saved_pci_host(bus::pci_host& part) : part_(part) {}
    std::string_view section() const override { return "pci_host"; }
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& state) override;

private:
    bus::pci_host& part_;
};

} // namespace vigil::models

#endif
