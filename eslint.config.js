/**
 * How the house is written, where a machine can check it: no `any`, no unchecked `!`, types imported as types,
 * nothing unused, no default export, no semicolons, double quotes, lines up to 120 columns.
 * No rule needs type information, so that the whole tree is linted in seconds; the type checker sees the rest.
 */
import tseslint from "typescript-eslint"

/** Where raw memory, wasm and worker threads are handled, and types must be asserted by hand. */
const boundaries = ["src/algebra/backends/**"]

const assertion = {
  selector: "TSNonNullExpression:not([expression.type='MemberExpression'][expression.computed=true])",
  message: "Only an indexed element, xs[i]!, may be asserted to be there: give the value a type that has it."
}

export default tseslint.config(
  { ignores: ["dist/**", "docs/api/**", "coverage/**", "out/**", "node_modules/**"] },
  ...tseslint.configs.recommended,
  {
    files: ["**/*.{ts,js,mjs}"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-empty-object-type": "off",
      "@typescript-eslint/no-unsafe-function-type": "error",
      "@typescript-eslint/no-require-imports": "error",
      "require-yield": "off",
      "no-restricted-syntax": [
        "error",
        assertion,
        { selector: "ExportDefaultDeclaration", message: "Export by name." }
      ],
      eqeqeq: "error",
      "prefer-const": "error",
      "no-var": "error",
      "max-len": ["error", { code: 120, ignoreUrls: true, ignoreRegExpLiterals: true, ignoreTemplateLiterals: true }],
      semi: ["error", "never", { beforeStatementContinuationChars: "any" }],
      quotes: ["error", "double", { avoidEscape: true, allowTemplateLiterals: true }]
    }
  },
  {
    files: boundaries,
    rules: { "no-restricted-syntax": ["error", { selector: "ExportDefaultDeclaration", message: "Export by name." }] }
  },
  { files: ["*.config.{ts,js}"], rules: { "no-restricted-syntax": "off" } },
  { files: ["laws/**", "bench/**"], rules: { "max-lines": "off" } },
  { files: ["src/**/*.ts"], rules: { "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }] } }
)
