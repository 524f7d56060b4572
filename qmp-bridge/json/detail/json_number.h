// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_NUMBER_H
#define VIGIL_QMP_BRIDGE_JSON_DETAIL_JSON_NUMBER_H

#include <string_view>

#include <boost/json/value.hpp>

namespace vigil::qmp_bridge {

/// The value of a number token without fraction and exponent: the first of int64, uint64 and double that can hold it.
boost::json::value integer_value(std::string_view token);

/// The nearest double to a number token; infinite beyond the range, zero below it.
double real_value(std::string_view token);

} // namespace vigil::qmp_bridge

#endif
