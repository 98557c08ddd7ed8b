/** What the shop's pages look like. */
export const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
  main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1.5rem; align-items: start; }
  main > h1 { grid-column: 1 / -1; margin: 0; }
  section, form.login { border: 1px solid #8885; border-radius: 12px; padding: 1rem 1.25rem; }
  li { display: flex; justify-content: space-between; align-items: center; gap: 1rem; padding: .5rem 0; border-top: 1px solid #8885; }
  ul { list-style: none; padding: 0; margin: 0; }
  button { font: inherit; padding: .4rem .9rem; min-height: 2.5rem; border-radius: 8px; cursor: pointer; }
  a { color: light-dark(#0645ad, #8ab4f8); }
  h2 { font-size: 1.1rem; margin: .25rem 0 .75rem; } small { opacity: .75; }
  .sentence { font-weight: 650; font-size: 1.15rem; }
  label { display: block; margin: .75rem 0; } input { font: inherit; display: block; width: 100%; padding: .5rem; box-sizing: border-box; }
  form.login { max-width: 24rem; }`;
