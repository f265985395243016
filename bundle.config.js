const { join } = require('path');

const LeanPackage = require('./scripts/lean_package');

module.exports = {
  module: {
    rules: [
      {
        // Style sheets travel as texts inside of scripts, which no minifier of scripts looks into.
        test: /\.css$/,
        enforce: 'pre',
        use: [
          { loader: 'builtin:lightningcss-loader', options: { minify: true } },
          require.resolve('./scripts/inline_css.js')
        ]
      },
      {
        test: /\.js$/,
        include: join(__dirname, 'lib'),
        enforce: 'pre',
        use: [require.resolve('./scripts/short_elements.js')]
      }
    ]
  },
  plugins: [new LeanPackage()]
};
