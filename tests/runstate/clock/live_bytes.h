// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_RUNSTATE_LIVE_BYTES_H
#define VIGIL_TESTS_RUNSTATE_LIVE_BYTES_H

#include <cstddef>

namespace vigil::tests {

/// The bytes of dynamic memory that this program holds, the SystemC kernel's included.
std::size_t live_bytes() noexcept;

} // namespace vigil::tests

#endif
