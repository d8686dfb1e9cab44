// The dialog that names a device, puts it to a checkpoint, and says which way it faces.
import { element } from "./dom.js";
import { t } from "./words.js";

const dialog = document.getElementById("label");
const form = dialog.querySelector("form");
let done = () => {};

// What the dialog says of a device when it is saved; null where nobody saves it. checkpoints: those that are known.
export function askLabel(device, checkpoints) {
  document.getElementById("label-title").textContent = t("Edit {name}", { name: device.id });
  document.getElementById("checkpoints").replaceChildren(...checkpoints.map((value) => element("option", { value })));
  form.elements.name.value = device.label;
  form.elements.name.placeholder = device.id;
  form.elements.checkpoint.value = device.checkpoint === device.own_checkpoint ? "" : device.checkpoint;
  form.elements.checkpoint.placeholder = device.own_checkpoint;
  for (const radio of form.elements.facing) radio.checked = radio.value === device.facing;
  dialog.returnValue = "";
  dialog.showModal();
  form.elements.name.focus();
  return new Promise((resolve) => { done = resolve; });
}

dialog.querySelector('button[value="cancel"]').onclick = () => dialog.close();

dialog.onclose = () => {
  const { name, checkpoint, facing } = form.elements;
  done(dialog.returnValue === "save" ? { name: name.value.trim(), checkpoint: checkpoint.value.trim(), facing: facing.value } : null);
};
