/** What is open on the page and belongs to no message. */

class Ui {
  drawer = $state(false);
  help = $state(false);
}

export const ui = new Ui();
