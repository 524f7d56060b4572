// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/host/guest_log.h>

#include <utility>
#include <variant>

#include <unistd.h>

#include <vigil/qmp-bridge/host/host_file.h>
#include <vigil/sim/host/program_log.h>

namespace vigil::sim {

std::optional<std::string> guest_log::open(std::string path)
{
    if (const std::size_t place = path.find("%d"); place != std::string::npos) {
        path.replace(place, 2, std::to_string(::getpid()));
    }
    auto opened = qmp_bridge::open_private_file(path);
    if (const auto* error = std::get_if<qmp_bridge::option_error>(&opened))
        return "Error opening logfile " + error->text;
    file_.reset(std::get<std::FILE*>(opened));
    qmp_bridge::line_output::options opts;
    opts.tell_dropped = [](std::uint64_t lines) { return dropped_text("this log", lines) + "\n"; };
    output_.emplace(::fileno(file_.get()), std::move(opts));
    return std::nullopt;
}

void guest_log::write(std::string_view line) { output_->write(std::string(line) + "\n"); }

} // namespace vigil::sim
