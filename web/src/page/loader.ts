/** On every provenance page: brings the verifier when somebody taps, and not before. */

const button = document.getElementById("check") as HTMLAnchorElement | null;

button?.addEventListener(
  "click",
  (event) => {
    event.preventDefault();
    const script = document.createElement("script");
    script.src = button.dataset.script!;
    // Without it the link is what it says without scripts: the evidence itself.
    script.onerror = () => {
      location.href = button.href;
    };
    document.head.append(script);
  },
  { once: true },
);
