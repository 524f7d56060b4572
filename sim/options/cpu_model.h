// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_OPTIONS_CPU_MODEL_H
#define VIGIL_SIM_OPTIONS_CPU_MODEL_H

#include <string>
#include <string_view>
#include <vector>

#include <vigil/runstate/result.h>

/// What -cpu says: a model of QEMU's, and features, of which one has a meaning here.
namespace vigil::sim {

/// A choice of CPU.
struct cpu_choice {
    std::string model = "qemu64";
    bool hyperv_crash = false;       ///< feature hv-crash: the CPUs have the Hyper-V crash MSRs
    bool names_hyperv_crash = false; ///< the feature was named, on or off
    std::vector<std::string> warnings;
};

/// Reads MODEL[,FEATURE[=VALUE]...][,+FEATURE...][,-FEATURE...]; a '-' has the last word, then a '+', then the last
/// setting. `accelerated`: the model `host` is there.
runstate::result<cpu_choice> parse_cpu(std::string_view text, bool accelerated);

/// Whether every CPU has a property of that name, spelt with '-'.
bool is_cpu_property(std::string_view name);

/// The class that the CPUs of a model are of.
std::string cpu_type_name(std::string_view model);

/// The text of -cpu help.
std::string cpus_text();

} // namespace vigil::sim

#endif
