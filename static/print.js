// A page for paper: the button opens the browser's dialog, which prints or saves a PDF.
import { listen } from "./live.js";

document.getElementById("print").onclick = () => print();
listen({});
