/** A few words for making elements. Text is only ever set as text. */

export function element(name: string, className: string, ...inside: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

/** What shows, without spaces around. */
export function shown(node: Element): string {
  return node.textContent.trim();
}

/** Strikes what stands there, and puts what the evidence says behind it. */
export function strike(node: Element, instead?: string): void {
  const old = element("del", "");
  old.append(...node.childNodes);
  node.append(old, ...(instead === undefined ? [] : [" ", element("ins", "", instead)]));
}
