"use strict";

// A mail takes as much room as it needs.
for (const frame of document.querySelectorAll("iframe")) {
  const fit = () => {
    const mail = frame.contentDocument;
    if (mail?.body) frame.style.blockSize = mail.documentElement.scrollHeight + "px";
  };
  frame.addEventListener("load", fit);
  addEventListener("resize", fit);
  fit();
}
