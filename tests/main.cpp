// SPDX-License-Identifier: Apache-2.0
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include <catch.h>

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <systemc>

namespace {

std::vector<std::string> names_of_cases()
{
    std::vector<std::string> names;
#if __has_include(<catch2/catch_all.hpp>)
    for (const auto* one : Catch::getRegistryHub().getTestCaseRegistry().getAllInfos()) names.push_back(one->name);
#else
    for (const auto& one : Catch::getRegistryHub().getTestCaseRegistry().getAllTests()) names.push_back(one.name);
#endif
    return names;
}

int run_case(char* program, const std::string& name)
{
    std::string pattern;
    for (const char c : name) {
        if (std::string_view(",[]\\\"*").find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
#if __has_include(<catch2/catch_all.hpp>)
    char* arguments[] = {program, pattern.data(), nullptr};
#else
    char warn[] = "--warn"; // a name that selects no case is an error, which later versions see by themselves
    char no_tests[] = "NoTests";
    char* arguments[] = {program, pattern.data(), warn, no_tests, nullptr};
#endif
    return Catch::Session().run(static_cast<int>(std::size(arguments)) - 1, arguments);
}

// Each case in a process of its own, forked from this one, which is what a start costs: SystemC elaborates once per
// process, and a sanitized program takes long to start.
int run_forked(char* program)
{
    int failed = 0;
    const std::vector<std::string> names = names_of_cases();
    for (const std::string& name : names) {
        std::fflush(nullptr);
        const pid_t child = ::fork();
        if (child == 0) std::exit(run_case(program, name));
        int status = -1;
        if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
            std::printf("FAILED, with wait status %d: %s\n", status, name.c_str());
            ++failed;
        }
    }
    std::printf("%zu cases, %d failed\n", names.size(), failed);
    return failed == 0 && !names.empty() ? 0 : 1;
}

} // namespace

// The library's own main must never be the one that runs.
int sc_main(int, char*[]) { return 99; }

int main(int argc, char* argv[])
{
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    if (argc == 2 && std::string_view(argv[1]) == "--forked") return run_forked(argv[0]);
    return Catch::Session().run(argc, argv);
}
