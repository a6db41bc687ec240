// A wide table scrolls in a frame of its own; whoever uses the keyboard has to reach the frame to scroll it.
(() => {
  const reach = () => {
    for (const frame of document.querySelectorAll(".md-typeset__scrollwrap")) {
      if (frame.scrollWidth > frame.clientWidth) {
        frame.tabIndex = 0;
      } else {
        frame.removeAttribute("tabindex");
      }
    }
  };
  document$.subscribe(() => requestAnimationFrame(reach));
  window.addEventListener("resize", reach);
})();
