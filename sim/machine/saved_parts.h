// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_MACHINE_SAVED_PARTS_H
#define VIGIL_SIM_MACHINE_SAVED_PARTS_H

#include <vector>

#include <vigil/bus/memory.h>
#include <vigil/bus/pci_function.h>
#include <vigil/bus/pci_host.h>
#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/snapshot/saved_state.h>

/// Sections of a snapshot for the parts of the platform that know nothing of run states, or that share one.
namespace vigil::sim {

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

/// The ports through which a PC is reset, and their neighbours: the fields of one after the other. Where a file ends
/// before the fields of one, which versions before it wrote, that one is as after power-on.
class saved_reset_ports final : public runstate::snapshottable {
public:
    /// The next one; all must be there in every file up to the first one that is `optional`.
    template <class Model> void add(Model& model, bool optional) { parts_.push_back({&model, &model, optional}); }

    std::string_view section() const override { return "reset_control"; }
    runstate::saved_state save() const override;
    runstate::prepared_restore prepare(const runstate::saved_state& state) override;

private:
    struct part {
        runstate::snapshottable* saved;
        runstate::resettable* reset;
        bool optional;
    };

    std::vector<part> parts_;
};

} // namespace vigil::sim

#endif
