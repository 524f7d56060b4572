// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/output_pin.h>

#include <string>

namespace vigil::models {

/// Writes the port, in the one process that does.
class output_pin::driver : public sc_core::sc_module {
public:
    driver(const sc_core::sc_module_name& name, output_port& port, bool idle_level)
        : sc_module(name), port_(port), idle_level_(idle_level)
    {
        SC_HAS_PROCESS(driver);
        SC_METHOD(put_out);
        sensitive << changed_;
        dont_initialize();
    }

    void drive(bool active)
    {
        active_ = active;
        was_active_ = was_active_ || active;
        changed_.notify(sc_core::SC_ZERO_TIME);
    }

private:
    void end_of_elaboration() override
    {
        if (port_.size() != 0) port_->write(idle_level_);
    }

    void put_out()
    {
        port_->write((active_ || was_active_) != idle_level_);
        const bool pulse = was_active_ && !active_;
        was_active_ = false;
        if (pulse) changed_.notify(sc_core::SC_ZERO_TIME);
    }

    output_port& port_;
    const bool idle_level_;
    bool active_ = false;
    bool was_active_ = false; ///< at any time since the port was last written
    sc_core::sc_event changed_{"changed"};
};

output_pin::output_pin(const char* name, output_port& port, const std::function<void(bool active)>& told, bool in_use,
                       polarity its_polarity)
    : port_(port), told_(told),
      driver_(in_use ? std::make_unique<driver>(name, port, its_polarity == polarity::active_low) : nullptr)
{
}

output_pin::~output_pin() = default;

void output_pin::check_binding() const
{
    const bool bound = port_.size() != 0;
    if (bound == (driver_ != nullptr)) return;
    SC_REPORT_ERROR("/vigil/models/output_pin",
                    (std::string(port_.name()) +
                     (bound ? ": it is bound, but the device's parameters do not put it to use; set the one for it"
                            : ": the device's parameters put it to use, but it is bound to nothing; bind a signal"))
                        .c_str());
}

void output_pin::change(bool active)
{
    active_ = active;
    if (driver_) driver_->drive(active);
    if (told_) told_(active);
}

} // namespace vigil::models
