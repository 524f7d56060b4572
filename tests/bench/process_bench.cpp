// SPDX-License-Identifier: Apache-2.0
// Whole-process figures of vigil-sim, each against a baseline measured in the same run, runs interleaved, medians:
//   round trip    query-status against an echo written with Asio (async_read_some, then write) and one with blocking
//   calls qtest line    server CPU time per register access, lines batched; against QEMU where it is installed start
//   from fork to the first query-status reply; against an empty sc_main and QEMU memory        VmRSS then; likewise
// usage: vigil_process_bench [RUNS]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

namespace {

namespace asio = boost::asio;
using steady = std::chrono::steady_clock;

constexpr int k_round_trips = 20'000;
constexpr int k_batch_lines = 500;
constexpr int k_batches = 400;

std::string the_folder;

double seconds_since(steady::time_point start) { return std::chrono::duration<double>(steady::now() - start).count(); }

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

// A child process, killed at the end.
class child {
public:
    explicit child(const std::vector<std::string>& command)
    {
        std::vector<char*> arguments;
        for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            const int null = ::open("/dev/null", O_RDWR);
            ::dup2(null, 1);
            ::dup2(null, 2);
            ::execvp(arguments[0], arguments.data());
            ::_exit(127);
        }
    }
    explicit child(const std::function<void()>& body)
    {
        pid_ = ::fork();
        if (pid_ == 0) {
            body();
            ::_exit(0);
        }
    }
    ~child()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    void wait()
    {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = ::fork(); // something for the destructor to end
        if (pid_ == 0) ::_exit(0);
    }

    double cpu_seconds() const
    {
        clockid_t clock = 0;
        timespec time = {};
        ::clock_getcpuclockid(pid_, &clock);
        ::clock_gettime(clock, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    }

    long resident_kib() const
    {
        std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
        for (std::string line; std::getline(status, line);) {
            if (line.rfind("VmRSS:", 0) == 0) return std::atol(line.c_str() + 6);
        }
        return 0;
    }

private:
    pid_t pid_ = -1;
};

// A blocking connection to a unix socket; waits until somebody listens there.
class peer {
public:
    explicit peer(const std::string& path)
    {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        for (int tries = 0; tries < 20'000; ++tries) {
            fd_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
            if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return;
            ::close(fd_);
            ::usleep(250);
        }
        std::fprintf(stderr, "nobody listens on %s\n", path.c_str());
        std::exit(1);
    }
    ~peer() { ::close(fd_); }
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;

    void send(const std::string& bytes) const
    {
        for (std::size_t sent = 0; sent < bytes.size();) {
            const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) std::exit(1);
            sent += static_cast<std::size_t>(n);
        }
    }

    // Reads until that many line ends have come.
    void lines(int count) const
    {
        char buffer[65536];
        while (count > 0) {
            const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
            if (n <= 0) std::exit(1);
            count -= static_cast<int>(std::count(buffer, buffer + n, '\n'));
        }
    }

private:
    int fd_ = -1;
};

std::string fresh_socket()
{
    static int serial = 0;
    return the_folder + "/" + std::to_string(serial++);
}

std::vector<std::string> sim_command(const std::string& program, const std::string& qmp, const std::string& qtest,
                                     const std::vector<std::string>& more)
{
    std::vector<std::string> command{program,    "-machine", "pc",   "-nodefaults",
                                     "-display", "none",     "-qmp", "unix:" + qmp + ",server=on,wait=off"};
    if (!qtest.empty()) {
        command.insert(command.end(), {"-qtest", "unix:" + qtest + ",server=on,wait=off", "-qtest-log", "none"});
    }
    command.insert(command.end(), more.begin(), more.end());
    return command;
}

void negotiate(const peer& qmp)
{
    qmp.lines(1);
    qmp.send("{\"execute\": \"qmp_capabilities\"}\n");
    qmp.lines(1);
}

const std::string k_query = "{\"execute\": \"query-status\"}\n";
const std::string k_echoed = "{\"return\": {\"status\": \"running\", \"singlestep\": false, \"running\": true}}\r\n";

double round_trip(const peer& server, const std::string& request)
{
    const auto start = steady::now();
    for (int i = 0; i < k_round_trips; ++i) {
        server.send(request);
        server.lines(1);
    }
    return seconds_since(start) / k_round_trips;
}

void echo_with_asio(const std::string& path)
{
    asio::io_context io(1);
    asio::local::stream_protocol::acceptor acceptor(io, asio::local::stream_protocol::endpoint(path));
    asio::local::stream_protocol::socket socket(io);
    acceptor.accept(socket);
    char buffer[16384];
    std::function<void()> serve = [&] {
        socket.async_read_some(asio::buffer(buffer), [&](const boost::system::error_code& error, std::size_t length) {
            if (error) return;
            asio::write(socket, asio::buffer(buffer, length));
            serve();
        });
    };
    serve();
    io.run();
}

void echo_blocking(const std::string& path)
{
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener, 1);
    const int fd = ::accept(listener, nullptr, nullptr);
    char buffer[16384];
    for (;;) {
        const ssize_t n = ::read(fd, buffer, sizeof buffer);
        if (n <= 0 || ::write(fd, buffer, static_cast<std::size_t>(n)) < 0) return;
    }
}

// Server CPU seconds per line of batched 4-byte register reads.
double qtest_line(const std::string& program, const std::vector<std::string>& more)
{
    const std::string qmp = fresh_socket();
    const std::string qtest = fresh_socket();
    const child server(sim_command(program, qmp, qtest, more));
    const peer lines(qtest);
    lines.send("outl 0xcf8 0x80001010\noutl 0xcfc 0xfebf0000\noutl 0xcf8 0x80001004\noutw 0xcfc 2\n");
    lines.lines(4);
    std::string batch;
    for (int i = 0; i < k_batch_lines; ++i) batch += "readl 0xfebf0008\n";
    lines.send(batch);
    lines.lines(k_batch_lines);
    const double before = server.cpu_seconds();
    for (int i = 0; i < k_batches; ++i) {
        lines.send(batch);
        lines.lines(k_batch_lines);
    }
    return (server.cpu_seconds() - before) / (k_batches * k_batch_lines);
}

struct start_up {
    double seconds;
    double resident_kib;
};

start_up first_reply(const std::string& program, const std::vector<std::string>& more)
{
    const std::string path = fresh_socket();
    const auto start = steady::now();
    const child server(sim_command(program, path, "", more));
    const peer qmp(path);
    negotiate(qmp);
    qmp.send(k_query);
    qmp.lines(1);
    const double seconds = seconds_since(start);
    return {seconds, static_cast<double>(server.resident_kib())};
}

start_up empty_program()
{
    int ends[2];
    if (::pipe(ends) != 0) std::exit(1);
    const auto start = steady::now();
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(ends[1], 1);
        ::execl(VIGIL_EMPTY, VIGIL_EMPTY, static_cast<char*>(nullptr));
        ::_exit(127);
    }
    ::close(ends[1]);
    char text[64] = {};
    if (::read(ends[0], text, sizeof text - 1) < 0) std::exit(1);
    const double seconds = seconds_since(start);
    ::waitpid(pid, nullptr, 0);
    ::close(ends[0]);
    return {seconds, std::atof(text)};
}

bool installed(const char* program)
{
    return std::system((std::string("command -v ") + program + " >/dev/null 2>&1").c_str()) == 0;
}

void row(const char* what, double figure, const char* unit, const char* against, double baseline)
{
    std::printf("%-34s %10.2f %-4s  %-34s %10.2f  ratio %.2f\n", what, figure, unit, against, baseline,
                figure / baseline);
}

} // namespace

int main(int argc, char* argv[])
{
    const int runs = argc > 1 ? std::atoi(argv[1]) : 7;
    const char* qemu = "qemu-system-x86_64";
    const bool with_qemu = installed(qemu);
    ::signal(SIGPIPE, SIG_IGN);
    char folder[] = "/tmp/vigil-bench-XXXXXX";
    if (::mkdtemp(folder) == nullptr) return 1;
    the_folder = folder;

    std::vector<double> vigil_trip, asio_trip, blocking_trip;
    std::vector<double> vigil_line, qemu_line;
    std::vector<double> vigil_start, empty_start, qemu_start, vigil_rss, empty_rss, qemu_rss;

    for (int run = 0; run < runs; ++run) {
        const std::string sim_path = fresh_socket(), asio_path = fresh_socket(), blocking_path = fresh_socket();
        const child sim(sim_command(VIGIL_SIM, sim_path, "", {"-device", "i6300esb"}));
        const child asio_echo([&] { echo_with_asio(asio_path); });
        const child blocking_echo([&] { echo_blocking(blocking_path); });
        const peer qmp(sim_path), first(asio_path), second(blocking_path);
        negotiate(qmp);
        asio_trip.push_back(round_trip(first, k_echoed));
        vigil_trip.push_back(round_trip(qmp, k_query));
        blocking_trip.push_back(round_trip(second, k_echoed));
    }
    for (int run = 0; run < runs; ++run) {
        vigil_line.push_back(qtest_line(VIGIL_SIM, {"-accel", "qtest", "-device", "i6300esb"}));
        if (with_qemu) qemu_line.push_back(qtest_line(qemu, {"-accel", "tcg", "-S", "-device", "i6300esb"}));
    }
    for (int run = 0; run < runs * 3; ++run) {
        const start_up empty = empty_program();
        const start_up vigil = first_reply(VIGIL_SIM, {"-S", "-device", "i6300esb"});
        empty_start.push_back(empty.seconds);
        empty_rss.push_back(empty.resident_kib);
        vigil_start.push_back(vigil.seconds);
        vigil_rss.push_back(vigil.resident_kib);
        if (with_qemu && run < runs) {
            const start_up other = first_reply(qemu, {"-accel", "tcg", "-S"});
            qemu_start.push_back(other.seconds);
            qemu_rss.push_back(other.resident_kib);
        }
    }

    row("query-status round trip", median(vigil_trip) * 1e6, "us", "Asio echo", median(asio_trip) * 1e6);
    row("query-status round trip", median(vigil_trip) * 1e6, "us", "blocking echo", median(blocking_trip) * 1e6);
    if (with_qemu) {
        row("qtest line, server CPU", median(vigil_line) * 1e6, "us", "QEMU", median(qemu_line) * 1e6);
    } else {
        std::printf("%-34s %10.2f us\n", "qtest line, server CPU", median(vigil_line) * 1e6);
    }
    row("start to first reply", median(vigil_start) * 1e3, "ms", "empty sc_main", median(empty_start) * 1e3);
    if (with_qemu) row("start to first reply", median(vigil_start) * 1e3, "ms", "QEMU", median(qemu_start) * 1e3);
    row("VmRSS", median(vigil_rss) / 1024, "MiB", "empty sc_main", median(empty_rss) / 1024);
    if (with_qemu) row("VmRSS", median(vigil_rss) / 1024, "MiB", "QEMU", median(qemu_rss) / 1024);

    std::system(("rm -rf '" + the_folder + "'").c_str());
    return 0;
}
