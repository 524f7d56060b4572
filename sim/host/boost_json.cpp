// SPDX-License-Identifier: Apache-2.0
// Boost.JSON as a part of the program: a library less to be found, mapped and bound at each start.
#include <boost/json/src.hpp>
