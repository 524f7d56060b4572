// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_HOST_FIRST_STEPS_H
#define VIGIL_SIM_HOST_FIRST_STEPS_H

namespace vigil::sim {

// What a program does before anything else, so that nothing that it was started with surprises it later.

/// Standard input, output and error that are closed become /dev/null: the next descriptors to be opened would get their
/// numbers, and be written to for them. Returns false where that cannot be opened.
bool open_missing_descriptors() noexcept;

/// Writing to a pipe or socket that nobody reads, or beyond the limit of a file's size, becomes an error like others,
/// where by default it ends the process.
void survive_failing_writes() noexcept;

} // namespace vigil::sim

#endif
