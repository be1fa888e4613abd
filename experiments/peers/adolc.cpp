// ADOL-C: the network is taped once, with the inputs as parameters of the tape, and each observation is one forward and
// one reverse sweep over it (its manual, sections 2 and 5).
#include <atomic>

#include <adolc/adolc.h>

#include "peers/network_function.hpp"
#include "peers/peers.hpp"
#include "peers/rowwise_evaluator.hpp"

namespace jacobench::peers {
namespace {

class Adolc final : public RowwiseEvaluator {
 public:
  Adolc(const Perceptron& net, Index max_rows)
      : RowwiseEvaluator(net, max_rows),
        weights_(RowMajorMatrix::Identity(net.n_outputs(), net.n_outputs())) {
    for (Index k = 0; k < net.n_outputs(); ++k) weight_rows_.push_back(weights_.row(k).data());
    J_rows_.resize(weight_rows_.size());
  }
  ~Adolc() override {
    if (is_taped_) removeTape(tag_, ADOLC_REMOVE_COMPLETELY);
  }

 private:
  void begin(const double* theta) override {
    theta_ = theta;
    if (is_taped_) return;
    trace_on(tag_);
    std::vector<adouble> parameters(static_cast<std::size_t>(network().n_params()));
    for (std::size_t p = 0; p < parameters.size(); ++p) parameters[p] <<= theta[p];
    std::vector<adouble> x(static_cast<std::size_t>(network().n_inputs())), below, above;
    for (adouble& input : x) input = mkparam(0);
    std::vector<adouble> f(static_cast<std::size_t>(network().n_outputs()));
    evaluate_network(network(), parameters.data(), x.data(), f.data(), below, above);
    double ignored = 0;
    for (adouble& output : f) output >>= ignored;
    trace_off();
    is_taped_ = true;
  }

  void evaluate_row(const double* x, double* y, double* J) override {
    const int P = static_cast<int>(network().n_params()), K = static_cast<int>(network().n_outputs());
    set_param_vec(tag_, static_cast<std::size_t>(network().n_inputs()), const_cast<double*>(x));
    zos_forward(tag_, K, P, J ? 1 : 0, theta_, y);
    if (!J) return;
    for (double*& row : J_rows_) row = J, J += P;
    if (K == 1)
      fos_reverse(tag_, K, P, weight_rows_[0], J_rows_[0]);
    else
      fov_reverse(tag_, K, P, K, weight_rows_.data(), J_rows_.data());
  }

  static short next_tag() {
    static std::atomic<short> last{0};
    return ++last;
  }

  const short tag_ = next_tag();
  bool is_taped_ = false;
  const double* theta_ = nullptr;
  RowMajorMatrix weights_;
  std::vector<double*> weight_rows_, J_rows_;
};

}  // namespace

std::unique_ptr<Evaluator> make_adolc(const Perceptron& network, Index max_rows, const StrategyOptions&) {
  return std::make_unique<Adolc>(network, max_rows);
}

}  // namespace jacobench::peers
