#include "jacobench/fit/redraw.hpp"

#include <algorithm>
#include <cmath>

#include "jacobench/network/activation.hpp"

namespace jacobench {

namespace {

constexpr Index n_candidates = 20;
constexpr Index most_rows = 256;  // of a block
constexpr double idle_share = 1e-2, negligible_variation = 1e-12;

Index n_hidden_units(const Perceptron& network) {
  Index n = 0;
  for (Index l = 0; l + 1 < network.n_layers(); ++l) n += network.layer(l).n_units;
  return n;
}

Index widest_layer(const Perceptron& network) {
  Index widest = 0;
  for (const Layer& layer : network.layers()) widest = std::max(widest, layer.n_units);
  return widest;
}

std::size_t at(Index l) { return static_cast<std::size_t>(l); }

}  // namespace

double draw_spread(RandomStream& stream) {
  constexpr double least = 3, steepest = 10;
  return least * std::pow(steepest, std::max(0.0, 2 * stream.uniform() - 1));
}

Index draw_in_proportion(const Vector& shares, RandomStream& stream) {
  double rest = stream.uniform() * shares.sum();
  Index i = 0;
  while (i + 1 < shares.size() && rest > shares[i]) rest -= shares[i++];
  return i;
}

UnitRedraw::UnitRedraw(Residuals& residuals, const InitialisationInfo& scheme, const Scaling* standardisation)
    : residuals_(residuals),
      network_(residuals.network()),
      scheme_(scheme),
      standardisation_(standardisation),
      n_units_(n_hidden_units(network_)),
      forward_(network_, std::min<Index>(residuals.X().rows(), most_rows)),
      backward_(network_, forward_.max_rows()),
      drawn_(network_.n_params()),
      r_(residuals.n_rows()),
      fed_(widest_layer(network_)),
      gradient_(residuals.X().rows(), network_.n_outputs()),
      z_(forward_.max_rows(), n_candidates),
      a_(forward_.max_rows(), n_candidates),
      biases_(n_candidates),
      means_(n_candidates),
      squares_(n_candidates),
      scores_(n_candidates) {
  units_.reserve(at(n_units_));
  for (Index l = 0; l + 1 < network_.n_layers(); ++l) {
    weights_.emplace_back(n_candidates, network_.layer(l).n_inputs);
    delta_a_.emplace_back(network_.layer(l + 1).n_units, n_candidates);
    delta_1_.emplace_back(network_.layer(l + 1).n_units);
  }
}

const std::vector<HiddenUnit>& UnitRedraw::rank(const Vector& tau) {
  units_.clear();
  for (Index l = 0; l + 1 < network_.n_layers(); ++l)
    for (Index i = 0; i < network_.layer(l).n_units; ++i) units_.push_back({l, i, 0, 0});
  const Matrix& X = residuals_.X();
  const auto N = static_cast<double>(X.rows());
  // Sums of squares first, about zero: activations are of the order of one.
  for (Index row = 0; row < X.rows(); row += forward_.max_rows()) {
    const Index n = std::min(forward_.max_rows(), X.rows() - row);
    forward_.run(tau, X, row, n, Slopes::none);
    for (HiddenUnit& unit : units_) {
      const auto activation = forward_.activation(unit.layer).rows(n).col(unit.unit);
      unit.mean += activation.sum() / N;
      unit.usefulness += activation.squaredNorm() / N;
    }
  }
  for (HiddenUnit& unit : units_)
    unit.usefulness = std::max(unit.usefulness - unit.mean * unit.mean, 0.0) *
                      network_.weights(tau, unit.layer + 1).col(unit.unit).squaredNorm();
  std::stable_sort(units_.begin(), units_.end(),
                   [](const HiddenUnit& a, const HiddenUnit& b) { return a.usefulness < b.usefulness; });
  return units_;
}

std::size_t UnitRedraw::n_idle_from(std::size_t first) const {
  const Index layer = units_[first].layer;
  double sum = 0;
  for (const HiddenUnit& unit : units_)
    if (unit.layer == layer) sum += unit.usefulness;
  const double most = idle_share * sum / static_cast<double>(network_.layer(layer).n_units);
  std::size_t next = first + 1;
  while (next < units_.size() && units_[next].layer == layer && units_[next].usefulness < most) ++next;
  return next - first;
}

// The biases above take what that changes in the mean.
void UnitRedraw::add_to_fed(const HiddenUnit& unit, const VectorView& fed, double mean, Vector& tau) const {
  network_.weights(tau, unit.layer + 1).col(unit.unit) += fed;
  if (network_.layer(unit.layer + 1).has_bias()) network_.bias(tau, unit.layer + 1) -= mean * fed;
}

// All units of the layer that a draw of parameters has are candidates for each of them.
void UnitRedraw::draw_candidates(Index layer, RandomStream& stream) {
  const Layer& its = network_.layer(layer);
  for (Index c = 0; c < n_candidates; ++c) {
    const Index unit = c % its.n_units;
    if (unit == 0) {
      scheme_.draw(network_, stream, drawn_);
      if (standardisation_) standardisation_->make_user(drawn_);
    }
    const double spread = draw_spread(stream);
    weights_[at(layer)].row(c) = spread * network_.weights(drawn_, layer).row(unit);
    biases_[c] = its.has_bias() ? spread * network_.bias(drawn_, layer)[unit] : 0;
  }
}

void UnitRedraw::add_to_scores(Index layer, Index n_rows) {
  auto z = z_.topRows(n_rows);
  auto a = a_.topRows(n_rows);
  z.noalias() = forward_.below(layer).rows(n_rows) * weights_[at(layer)].transpose();
  z.rowwise() += biases_.transpose();
  for (Index c = 0; c < n_candidates; ++c)
    info(network_.layer(layer).activation).value(z.col(c).data(), a.col(c).data(), n_rows);
  const auto delta = backward_.delta(layer + 1).rows(n_rows);
  delta_a_[at(layer)].noalias() += delta.transpose() * a;
  delta_1_[at(layer)] += delta.colwise().sum().transpose();
  means_ += a.colwise().sum().transpose();
  squares_ += a.colwise().squaredNorm().transpose();
}

// Afterwards r_ is that of tau.
void UnitRedraw::score_candidates(Index layer, const Vector& tau) {
  delta_a_[at(layer)].setZero();
  delta_1_[at(layer)].setZero();
  means_.setZero();
  squares_.setZero();
  residuals_.evaluate(tau, r_.data(), nullptr);
  gradient_ = Eigen::Map<const Matrix>(r_.data(), gradient_.rows(), gradient_.cols());
  residuals_.rows().apply_transposed(gradient_);
  const Matrix& X = residuals_.X();
  for (Index row = 0; row < X.rows(); row += forward_.max_rows()) {
    const Index n = std::min(forward_.max_rows(), X.rows() - row);
    forward_.run(tau, X, row, n, Slopes::kept);
    backward_.run_from(gradient_.middleRows(row, n), tau, forward_, n);
    add_to_scores(layer, n);
  }
  const auto N = static_cast<double>(X.rows());
  if (network_.layer(layer + 1).has_bias())
    means_ /= N;
  else
    means_.setZero();
  delta_a_[at(layer)].noalias() -= delta_1_[at(layer)] * means_.transpose();
  for (Index c = 0; c < n_candidates; ++c) {
    const double variation = squares_[c] - N * means_[c] * means_[c];
    const double slope = delta_a_[at(layer)].col(c).squaredNorm();
    // A candidate that rounding alone varies, or that is not a number, promises nothing.
    const bool varies = variation > negligible_variation * squares_[c] && std::isfinite(slope);
    scores_[c] = varies ? slope / variation : 0;
  }
}

// Down the gradient by what the unit feeds, to the minimum of the parabola through the objective of the data, which r_
// has, its slope, and the objective where the slope alone would make it zero.
void UnitRedraw::feed(const HiddenUnit& unit, Index candidate, Vector& tau) {
  const auto objective = [&] { return r_.head(residuals_.n_data_rows()).squaredNorm(); };
  const auto gradient = delta_a_[at(unit.layer)].col(candidate);  // half of it
  const double slope = gradient.squaredNorm(), far = objective() / (2 * slope);
  auto fed = fed_.head(gradient.size());
  fed = -far * gradient;
  add_to_fed(unit, fed, means_[candidate], tau);
  const bool is_finite = residuals_.evaluate(tau, r_.data(), nullptr);
  const double length = is_finite ? std::min(slope * far * far / objective(), 2 * far) : 0;
  fed = (far - length) * gradient;
  add_to_fed(unit, fed, means_[candidate], tau);
}

void UnitRedraw::redraw(std::span<const HiddenUnit> units, RandomStream& stream, Vector& tau) {
  for (const HiddenUnit& unit : units) {
    auto fed = fed_.head(network_.layer(unit.layer + 1).n_units);
    fed = -network_.weights(tau, unit.layer + 1).col(unit.unit);
    add_to_fed(unit, fed, unit.mean, tau);
  }
  for (const HiddenUnit& unit : units) {
    draw_candidates(unit.layer, stream);
    score_candidates(unit.layer, tau);
    const Index chosen = draw_in_proportion(scores_, stream);
    network_.weights(tau, unit.layer).row(unit.unit) = weights_[at(unit.layer)].row(chosen);
    if (network_.layer(unit.layer).has_bias()) network_.bias(tau, unit.layer)[unit.unit] = biases_[chosen];
    if (scores_[chosen] > 0) feed(unit, chosen, tau);
  }
}

}  // namespace jacobench
