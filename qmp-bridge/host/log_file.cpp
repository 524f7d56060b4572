// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/host/log_file.h>

#include <utility>

#include <vigil/qmp-bridge/host/host_file.h>

namespace vigil::qmp_bridge {

std::string dropped_text(const std::string& what, std::uint64_t lines)
{
    return std::to_string(lines) + (lines == 1 ? " line" : " lines") + " of " + what +
           " dropped here, for nobody read what came before";
}

std::optional<runstate::refusal> log_file::open(const std::string& path)
{
    auto opened = open_private_file(path);
    if (!opened) return std::move(opened).why();
    file_.reset(*opened);
    line_output::options opts;
    opts.tell_dropped = [](std::uint64_t lines) { return dropped_text("this log", lines) + "\n"; };
    output_.emplace(::fileno(file_.get()), std::move(opts));
    return std::nullopt;
}

} // namespace vigil::qmp_bridge
