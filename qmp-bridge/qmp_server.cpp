// SPDX-License-Identifier: Apache-2.0
#include <vigil/qmp-bridge/qmp_server.h>

#include <utility>

#include <vigil/qmp-bridge/detail/machine_service.h>

namespace vigil::qmp_bridge {

struct qmp_server::impl : machine_service {
    using machine_service::machine_service;
};

namespace {

// The address as a person wrote it; one that is wrong is reported for `owner`, and nothing is returned.
std::optional<chardev> parsed_address(const sc_core::sc_module& owner, const std::string& address, std::string label)
{
    auto parsed = chardev::parse_short(address);
    if (!parsed) {
        SC_REPORT_ERROR("/vigil/qmp-bridge/address",
                        (std::string(owner.name()) + ": \"" + address + "\": " + parsed.why().text).c_str());
        return std::nullopt;
    }
    chardev where = *std::move(parsed);
    where.label = std::move(label);
    return where;
}

} // namespace

void report_line(std::string_view line) { SC_REPORT_INFO("/vigil/qmp-bridge", std::string(line).c_str()); }

qmp_server::qmp_server(const sc_core::sc_module_name& name, runstate::controller& controller,
                       const std::vector<std::string>& addresses, options opts)
    : sc_module(name), impl_(std::make_unique<impl>(controller, std::move(opts)))
{
    for (const std::string& address : addresses) {
        const std::string label = "monitor" + std::to_string(objects().chardevs().children().size());
        if (const auto where = parsed_address(*this, address, label)) add_monitor(*where);
    }
}

qmp_server::~qmp_server()
{
    if (!impl_->driver().ran_dry()) return;
    impl_->log(std::string(name()) + ": simulation ended with nothing left to simulate, though the machine runs; "
                                     "qmp_server::run() waits for clients there, where sc_start() returns");
}

void qmp_server::add_object(const std::string& id, runstate::inspectable& device)
{
    if (objects().peripheral().child(id) != nullptr) {
        SC_REPORT_ERROR("/vigil/qmp-bridge/object",
                        (std::string(name()) + ": there is an object '" + id + "' already").c_str());
        return;
    }
    objects().peripheral().add(id, std::string(device.type_name())).state = &device;
}

qmp_server::qtest_initiators qmp_server::serve_qtest(const chardev& where, qtest_options opts)
{
    if (impl_->qtest() != nullptr) {
        SC_REPORT_ERROR("/vigil/qmp-bridge/qtest", (std::string(name()) + ": qtest is served already").c_str());
    } else {
        impl_->serve_qtest(std::string(basename()) + "_qtest", where, std::move(opts));
    }
    qtest_adapter& adapter = *impl_->qtest();
    return {adapter.io, adapter.memory, adapter.msr};
}

qmp_server::qtest_initiators qmp_server::serve_qtest(const std::string& address)
{
    const auto where = parsed_address(*this, address, "qtest");
    return serve_qtest(where.value_or(chardev()), {});
}

void qmp_server::serve_vfio_user(const chardev& where, bus::vfio_user_device& function)
{
    impl_->serve_vfio_user(where, function);
}

void qmp_server::serve_vfio_user(const std::string& address, bus::vfio_user_device& function)
{
    const std::string label = "vfio-user" + std::to_string(objects().chardevs().children().size());
    auto where = parsed_address(*this, address, label);
    if (!where) return;
    if (where->kind != chardev::transport::unix_socket) {
        SC_REPORT_ERROR("/vigil/qmp-bridge/address",
                        (std::string(name()) + ": \"" + address + "\": vfio-user needs unix:PATH").c_str());
        return;
    }
    where->server = true; // the machine connects, once it is started
    where->wait = false;
    serve_vfio_user(*where, function);
}

void qmp_server::actuate(const chardev& where) { impl_->actuate(where); }

void qmp_server::actuate(const std::string& address)
{
    if (const auto where = parsed_address(*this, address, "actuate")) actuate(*where);
}

void qmp_server::run() { impl_->driver().simulate(); }

std::uint16_t qmp_server::port() const { return impl_->port(); }

int qmp_server::exit_status() const noexcept { return impl_->driver().exit_status(); }

bool qmp_server::ended() const noexcept { return impl_->driver().leaving(); }

void qmp_server::add_monitor(const chardev& where, bool pretty) { impl_->add_monitor(where, pretty); }

void qmp_server::show_monitor(const std::string& id, const std::string& chardev, bool pretty)
{
    impl_->show_monitor_object(id, {chardev, pretty, std::nullopt});
}

void qmp_server::add_silent(const chardev& where) { impl_->add_silent(where); }

std::optional<runstate::refusal> qmp_server::start() { return impl_->start(); }

void qmp_server::start_of_simulation()
{
    if (impl_->started()) return;
    if (const auto error = start()) {
        SC_REPORT_ERROR("/vigil/qmp-bridge/start", (std::string(name()) + ": " + error->text).c_str());
    }
}

void qmp_server::prepare_for_confinement() { impl_->prepare_for_confinement(); }

void qmp_server::add_command(own_command one) { impl_->monitor().add_command(std::move(one)); }

std::shared_ptr<void> qmp_server::read_file(const runstate::file_place& place, std::size_t most,
                                            std::function<void(file_content)> done)
{
    return impl_->read(place, most, std::move(done));
}

machine_description& qmp_server::description() noexcept { return impl_->monitor().description(); }

qom_tree& qmp_server::objects() noexcept { return impl_->objects(); }

runstate::migration& qmp_server::migration() noexcept { return impl_->migration(); }

boost::asio::any_io_executor qmp_server::executor() { return impl_->driver().executor(); }

void qmp_server::defer(std::function<void()> job) { impl_->defer(std::move(job)); }

void qmp_server::post(std::function<void()> job) { impl_->driver().post(std::move(job)); }

void qmp_server::keep_offering(line_output& output) { impl_->keep_offering(output); }

void qmp_server::terminate(int signal) { impl_->terminate(signal); }

std::optional<runstate::refusal> qmp_server::return_to(const runstate::controller::moment& before)
{
    return impl_->return_to(before);
}

transcript* qmp_server::tale() noexcept { return impl_->tale(); }

std::optional<runstate::refusal> qmp_server::write_transcript(const std::string& path, const transcript_head& head)
{
    return impl_->write_transcript(path, head);
}

std::optional<std::string> qmp_server::conclude() { return impl_->conclude(); }

} // namespace vigil::qmp_bridge
