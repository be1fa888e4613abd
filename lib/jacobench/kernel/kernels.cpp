#include "jacobench/kernel/kernels.hpp"

#include "jacobench/base/vector_path.hpp"

namespace jacobench::kernel {

namespace scalar {
extern const Kernels kernels;
}
#ifdef __x86_64__
namespace avx2 {
extern const Kernels kernels;
}
namespace avx512 {
extern const Kernels kernels;
}
#endif

const Kernels& kernels() {
  static constexpr const Kernels* of_path[] = {
      // In the order of the enumerators.
      &scalar::kernels,
#ifdef __x86_64__
      &avx2::kernels,
      &avx512::kernels,
#endif
  };
  return *of_path[static_cast<int>(vector_path())];
}

}  // namespace jacobench::kernel
