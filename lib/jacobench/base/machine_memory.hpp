// How much memory the machine has.
#pragma once

namespace jacobench {

double machine_memory();  // in bytes

}  // namespace jacobench
