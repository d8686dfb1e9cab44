// A page for paper: the button opens the browser's dialog, which prints or saves a PDF.
import { listen } from "./live.js";
import { dateText, parse, whole } from "./times.js";

const FORMS = { whole, day: dateText };

for (const node of document.querySelectorAll("time[data-form]")) node.textContent = FORMS[node.dataset.form](parse(node.dateTime));
document.getElementById("print").onclick = () => print();
listen({});
