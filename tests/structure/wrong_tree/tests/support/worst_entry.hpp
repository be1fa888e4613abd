inline double worst_entry(const Matrix& a, const Matrix& b) { return (a - b).cwiseAbs().maxCoeff(); }
