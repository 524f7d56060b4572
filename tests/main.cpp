// SPDX-License-Identifier: Apache-2.0
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include <catch.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <sys/mman.h>
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

int run_case(Catch::Session& session, const std::string& name)
{
    std::string pattern;
    for (const char c : name) {
        if (std::string_view(",[]\\\"*").find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
    Catch::ConfigData only_it;
    only_it.testsOrTags = {pattern};
#if !__has_include(<catch2/catch_all.hpp>)
    only_it.warnings = Catch::WarnAbout::NoTests; // an error, which later versions see by themselves
#endif
    session.useConfigData(only_it);
    return session.run();
}

// What a process tells of the cases it runs, also where it ends in the middle of one.
struct cases_run {
    std::size_t next = 0;
    int failed = 0;
};

bool left_the_kernel_as_it_was()
{
    return sc_core::sc_get_status() == sc_core::SC_ELABORATION && sc_core::sc_get_top_level_objects().empty() &&
           std::lround(sc_core::sc_get_time_resolution().to_seconds() * 1e15) == 1000; // 1 ps, its default
}

void run_until_one_uses_the_kernel(const std::vector<std::string>& names, cases_run& told)
{
    Catch::Session session;
    do {
        if (run_case(session, names[told.next]) != 0) ++told.failed;
    } while (++told.next < names.size() && left_the_kernel_as_it_was());
}

// SystemC elaborates once per process, so the cases are run in processes forked from this one, which costs far less
// than the start of a sanitized program; those that leave its kernel alone share one.
int run_forked()
{
    void* const shared = ::mmap(nullptr, sizeof(cases_run), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 1;
    auto& told = *new (shared) cases_run;
    const std::vector<std::string> names = names_of_cases();
    while (told.next < names.size()) {
        const std::size_t first = told.next;
        const int failed_before = told.failed;
        std::fflush(nullptr);
        const pid_t child = ::fork();
        if (child == 0) {
            run_until_one_uses_the_kernel(names, told);
            std::exit(0);
        }
        int status = -1;
        if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0) {
            std::printf("FAILED, with wait status %d, from '%s' on to '%s'\n", status, names[first].c_str(),
                        names[std::min(told.next, names.size() - 1)].c_str());
            told.failed = failed_before + 1;
            told.next = std::max(told.next, first + 1);
        }
    }
    std::printf("%zu cases, %d failed\n", names.size(), told.failed);
    return told.failed == 0 && !names.empty() ? 0 : 1;
}

} // namespace

// The library's own main must never be the one that runs.
int sc_main(int, char*[]) { return 99; }

int main(int argc, char* argv[])
{
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    if (argc == 2 && std::string_view(argv[1]) == "--forked") return run_forked();
    return Catch::Session().run(argc, argv);
}
