declare module "*.css" {
  /** The minified text of the sheet. */
  const text: string;
  export default text;
}
