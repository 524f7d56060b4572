// SPDX-License-Identifier: Apache-2.0
// Catch2's one header, under the name that the installed version has.
#ifndef VIGIL_TESTS_CATCH_H
#define VIGIL_TESTS_CATCH_H

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#endif
