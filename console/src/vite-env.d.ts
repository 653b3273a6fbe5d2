/// <reference types="vite/client" />
declare module "virtual:lang/*" {
  const texts: Record<string, string>;
  export default texts;
}
