module.exports = {
  module: {
    rules: [
      {
        // Style sheets travel as texts inside of scripts, which no minifier of scripts looks into.
        test: /\.css$/,
        enforce: 'pre',
        use: [require.resolve('./scripts/smaller_css.js')]
      }
    ]
  }
};
