// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_MACHINE_SAVED_RESET_PORTS_H
#define VIGIL_SIM_MACHINE_SAVED_RESET_PORTS_H

#include <string_view>
#include <vector>

#include <vigil/runstate/interfaces.h>
#include <vigil/runstate/snapshot/saved_state.h>

namespace vigil::sim {

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
