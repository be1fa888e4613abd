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
  switch (vector_path()) {
#ifdef __x86_64__
    case VectorPath::avx512:
      return avx512::kernels;
    case VectorPath::avx2:
      return avx2::kernels;
#endif
    default:
      return scalar::kernels;
  }
}

}  // namespace jacobench::kernel
